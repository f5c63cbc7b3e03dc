package certmanager

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/restore"
)

// What a platform's team has set up before somebody's stack can use cert-manager:
// the names are the defaults of the program's settings.
var (
	manager  = kubernetesserver.Account{Namespace: "cert-manager", Name: "cert-manager"}
	reviewer = kubernetesserver.Account{Namespace: "kube-system", Name: "vault"}
)

const (
	authMethod = "/sys/auth/kubernetes"
	authConfig = "/auth/kubernetes/config"

	reviewerBinding = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/vault-token-review"
)

// setUp makes the service account that cert-manager runs as, and has Vault accept
// tokens of the cluster's service accounts, which it lets the API server review.
func setUp(ctx context.Context, running env.Servers, changes *restore.Changes) error {
	k, root := running.Kubernetes.Access, running.Vault.Root()
	for _, account := range []kubernetesserver.Account{manager, reviewer} {
		changes.Add("the account "+account.Name, func(ctx context.Context) error { return gone(k.DeleteAccount(ctx, account)) })
	}
	changes.Add("the namespace "+manager.Namespace, func(ctx context.Context) error {
		return removeNamespace(ctx, k, namespace(manager))
	})
	err := k.Apply(ctx, namespace(manager), map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": manager.Namespace},
	})
	if err != nil {
		return err
	}
	for _, account := range []kubernetesserver.Account{manager, reviewer} {
		if err := k.MakeAccount(ctx, account); err != nil {
			return fmt.Errorf("the account %s: %w", account.Name, err)
		}
	}
	changes.Add("who reviews tokens", func(ctx context.Context) error {
		return gone(k.Client().Do(ctx, http.MethodDelete, reviewerBinding, nil, nil))
	})
	if err := k.Apply(ctx, reviewerBinding, mayReview(reviewer)); err != nil {
		return err
	}
	changes.Add("the auth method", func(ctx context.Context) error { return root.Do(ctx, http.MethodDelete, authMethod, nil, nil) })
	return enable(ctx, k, root)
}

func namespace(a kubernetesserver.Account) string { return "/api/v1/namespaces/" + a.Namespace }

// removeNamespace waits until the namespace is gone, for nothing can be made in it
// meanwhile.
func removeNamespace(ctx context.Context, k kubernetesserver.Access, path string) error {
	for {
		err := k.Client().Do(ctx, http.MethodDelete, path, nil, nil)
		if err != nil && restclient.Status(err) != http.StatusConflict { // conflict: it is going
			return gone(err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// mayReview lets an account ask the API server whose a token is.
func mayReview(a kubernetesserver.Account) map[string]any {
	return map[string]any{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
		"metadata": map[string]any{"name": "vault-token-review"},
		"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:auth-delegator"},
		"subjects": []any{map[string]any{"kind": "ServiceAccount", "name": a.Name, "namespace": a.Namespace}},
	}
}

// enable makes the auth method anew: a killed test may have left one.
func enable(ctx context.Context, k kubernetesserver.Access, root restclient.Client) error {
	token, err := k.TokenOf(ctx, reviewer)
	if err != nil {
		return err
	}
	if err := root.Do(ctx, http.MethodDelete, authMethod, nil, nil); err != nil {
		return err
	}
	if err := root.Do(ctx, http.MethodPost, authMethod, map[string]any{"type": "kubernetes"}, nil); err != nil {
		return fmt.Errorf("the auth method: %w", err)
	}
	return root.Do(ctx, http.MethodPost, authConfig, map[string]any{
		"kubernetes_host": k.Server, "kubernetes_ca_cert": string(k.Authority),
		"token_reviewer_jwt": token, "disable_local_ca_jwt": true,
	}, nil)
}

// gone forgives that there was nothing to delete.
func gone(err error) error {
	if restclient.Status(err) == http.StatusNotFound {
		return nil
	}
	return err
}
