package certmanager

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"

	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
)

// admission is an admission policy and its binding, which stand in for a webhook.
//
//go:embed admission.yaml
var admission []byte

const (
	admissionName  = "vtargetgroupbinding.elbv2.k8s.aws"
	admissionGroup = "/apis/admissionregistration.k8s.io/v1/"
)

// admissionPaths are those of the policy and of the binding.
var admissionPaths = []string{
	admissionGroup + "validatingadmissionpolicies/" + admissionName,
	admissionGroup + "validatingadmissionpolicybindings/" + admissionName,
}

// admit has the API server refuse what the AWS Load Balancer Controller refuses.
func admit(ctx context.Context, k kubernetesserver.Access) error {
	for i, document := range bytes.Split(admission, []byte("\n---\n")) {
		if err := k.Apply(ctx, admissionPaths[i], document); err != nil {
			return fmt.Errorf("%s: %w", admissionPaths[i], err)
		}
	}
	return nil
}

// admitAll ends that.
func admitAll(ctx context.Context, k kubernetesserver.Access) error {
	var problems []error
	for _, path := range admissionPaths {
		problems = append(problems, gone(k.Client().Do(ctx, http.MethodDelete, path, nil, nil)))
	}
	return errors.Join(problems...)
}
