package kubernetesserver

import (
	"context"
	"fmt"
	"net/http"
)

// Account names a service account.
type Account struct{ Namespace, Name string }

func (a Account) path() string {
	return fmt.Sprintf("/api/v1/namespaces/%s/serviceaccounts/%s", a.Namespace, a.Name)
}

// MakeAccount creates the account unless it is there. Its namespace must be there.
func (a Access) MakeAccount(ctx context.Context, account Account) error {
	return a.Apply(ctx, account.path(), map[string]any{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": map[string]any{"name": account.Name}})
}

// DeleteAccount deletes the account.
func (a Access) DeleteAccount(ctx context.Context, account Account) error {
	return a.Client().Do(ctx, http.MethodDelete, account.path(), nil, nil)
}

// TokenOf returns a token of the account for these audiences, or for the API server.
func (a Access) TokenOf(ctx context.Context, account Account, audiences ...string) (string, error) {
	var request struct{ Status struct{ Token string } }
	spec := map[string]any{"audiences": audiences, "expirationSeconds": 3600}
	err := a.Client().Do(ctx, http.MethodPost, account.path()+"/token", map[string]any{"spec": spec}, &request)
	return request.Status.Token, err
}

// Apply applies an object at a path, in JSON or YAML.
func (a Access) Apply(ctx context.Context, path string, object any) error {
	c := a.Client().With("Content-Type", "application/apply-patch+yaml")
	return c.Do(ctx, http.MethodPatch, path+"?fieldManager=gatehouse-local&force=true", object, nil)
}
