package kubernetesserver

import (
	"context"
	"fmt"
	"net/http"
)

// Account is a service account.
type Account struct{ Namespace, Name string }

func (a Account) path() string {
	return fmt.Sprintf("/api/v1/namespaces/%s/serviceaccounts/%s", a.Namespace, a.Name)
}

// MakeAccount makes the account, if it is not there, in a namespace that is.
func (a Access) MakeAccount(ctx context.Context, account Account) error {
	return a.Apply(ctx, account.path(), map[string]any{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": map[string]any{"name": account.Name}})
}

// DeleteAccount removes it.
func (a Access) DeleteAccount(ctx context.Context, account Account) error {
	return a.Client().Do(ctx, http.MethodDelete, account.path(), nil, nil)
}

// TokenOf is a token of the account for these audiences, or for the API server.
func (a Access) TokenOf(ctx context.Context, account Account, audiences ...string) (string, error) {
	var request struct{ Status struct{ Token string } }
	spec := map[string]any{"audiences": audiences, "expirationSeconds": 3600}
	err := a.Client().Do(ctx, http.MethodPost, account.path()+"/token", map[string]any{"spec": spec}, &request)
	return request.Status.Token, err
}

// Apply makes the object at a path as it is given, in JSON or YAML.
func (a Access) Apply(ctx context.Context, path string, object any) error {
	c := a.Client().With("Content-Type", "application/apply-patch+yaml")
	return c.Do(ctx, http.MethodPatch, path+"?fieldManager=gatehouse-local&force=true", object, nil)
}
