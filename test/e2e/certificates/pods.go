package certificates

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
)

// deployments are the parts of Deployments that the check reads.
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

// pods checks that the API server would admit the pods that are to serve with the
// certificate. There is no kubelet to run them.
func (c *Checker) pods() check.Check {
	return check.Check{Name: "pods that serve with it", Want: "admitted; with privileges rejected", Run: func(ctx context.Context) (string, error) {
		var found deployments
		err := c.Kubernetes.Client().Do(ctx, http.MethodGet, "/apis/apps/v1/namespaces/"+c.Namespace+"/deployments", nil, &found)
		if err != nil {
			return "", err
		}
		if len(found.Items) == 0 {
			return "the stack has no workload", nil
		}
		for _, deployment := range found.Items {
			pod := deployment.Spec.Template
			if err := c.verifyMounts(pod.Spec); err != nil {
				return "", err
			}
			if err := c.admit(ctx, pod.Metadata, pod.Spec); err != nil {
				return "", err
			}
			pod.Spec["hostNetwork"] = true
			if err := rejected(c.admit(ctx, pod.Metadata, pod.Spec), http.StatusForbidden); err != nil {
				return "", fmt.Errorf("on the node's network: %w", err)
			}
		}
		return "", nil
	}}
}

// verifyMounts returns an error unless the pods mount the secret.
func (c *Checker) verifyMounts(spec map[string]any) error {
	volumes, err := json.Marshal(spec["volumes"])
	if err == nil && !strings.Contains(string(volumes), `"secretName":"`+c.Secret+`"`) {
		err = errors.New("the pods don't mount the secret")
	}
	return err
}

// admit returns an error unless the API server would admit a pod.
func (c *Checker) admit(ctx context.Context, metadata, spec map[string]any) error {
	metadata["generateName"] = "check-"
	pod := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
	return c.Kubernetes.Client().Do(ctx, http.MethodPost, "/api/v1/namespaces/"+c.Namespace+"/pods?dryRun=All", pod, nil)
}
