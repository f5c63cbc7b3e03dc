package certificates

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// deployments is what the proof reads of them.
type deployments struct {
	Items []struct {
		Spec struct {
			Template struct {
				Metadata map[string]any
				Spec     map[string]any
			}
		}
	}
}

// pods shows that the API server would admit the pods that are to serve with the
// certificate. Nothing here makes them.
func (p *Proof) pods(ctx context.Context) []smoke.Row {
	var found deployments
	err := p.Kubernetes.Client().Do(ctx, http.MethodGet, "/apis/apps/v1/namespaces/"+p.Namespace+"/deployments", nil, &found)
	if err == nil && len(found.Items) == 0 {
		return nil
	}
	const expected = "admitted; with privileges refused"
	return []smoke.Row{smoke.Check("pods that serve with it", expected, func() (string, error) {
		if err != nil {
			return "", err
		}
		for _, deployment := range found.Items {
			pod := deployment.Spec.Template
			if err := p.mounts(pod.Spec); err != nil {
				return "", err
			}
			if err := p.admit(ctx, pod.Metadata, pod.Spec); err != nil {
				return "", err
			}
			pod.Spec["hostNetwork"] = true
			if err := refused(p.admit(ctx, pod.Metadata, pod.Spec), http.StatusForbidden); err != nil {
				return "", fmt.Errorf("on the node's network: %w", err)
			}
		}
		return expected, nil
	})}
}

// mounts makes sure that the pods have the secret.
func (p *Proof) mounts(spec map[string]any) error {
	volumes, err := json.Marshal(spec["volumes"])
	if err == nil && !strings.Contains(string(volumes), `"secretName":"`+p.Secret+`"`) {
		err = errors.New("they don't have the secret")
	}
	return err
}

// admit asks whether a pod would be taken.
func (p *Proof) admit(ctx context.Context, metadata, spec map[string]any) error {
	metadata["generateName"] = "proof-"
	pod := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
	return p.Kubernetes.Client().Do(ctx, http.MethodPost, "/api/v1/namespaces/"+p.Namespace+"/pods?dryRun=All", pod, nil)
}
