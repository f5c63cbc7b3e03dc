package certmanager

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"os"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// renewing writes a kubeconfig as it is while a cluster's certificate authority is
// being renewed: with the next one beside it. It leads to the same cluster.
func renewing(l checkout.Layout, server kubernetesserver.Server) (path string, err error) {
	content, err := os.ReadFile(server.Kubeconfig)
	if err != nil {
		return "", err
	}
	encoded := func(pem []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(pem)) }
	authority := server.Access.Authority
	changed := bytes.Replace(content, encoded(authority), encoded(append(bytes.Clone(authority), authority...)), 1)
	if bytes.Equal(content, changed) {
		return "", errors.New("the kubeconfig doesn't have the cluster's certificate authority")
	}
	path = l.Run("kubeconfig-renewing")
	return path, checkout.WriteFile(path, changed, 0o600)
}

// uid tells the namespace from one that is made anew under its name.
func (t *Test) uid(ctx context.Context, namespace string) (string, error) {
	var found struct{ Metadata struct{ UID string } }
	err := t.Running.Kubernetes.Access.Client().Do(ctx, http.MethodGet, "/api/v1/namespaces/"+namespace, nil, &found)
	return found.Metadata.UID, err
}

// kept shows that another certificate authority of the cluster, and a kubeconfig where
// there was none, have replaced nothing.
func (t *Test) kept(ctx context.Context, namespace, before string) smoke.Row {
	const expected = "nothing is made anew"
	return smoke.Check("another authority of the cluster", expected, func() (string, error) {
		now, err := t.uid(ctx, namespace)
		if err == nil && (now == "" || now != before) {
			err = errors.New("the namespace was made anew")
		}
		return expected, err
	})
}
