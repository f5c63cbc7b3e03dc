package verify

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
	"github.com/gatehouse-iac/gatehouse/internal/secret"
)

// Clients makes and ends the one client that the checks need.
type Clients interface {
	// Name is the client's name.
	Name() string
	// Create makes the client, and returns its key.
	Create(ctx context.Context) (secret.Text, error)
	// Revoke ends the key. When it returns, no request with it is admitted.
	Revoke(ctx context.Context) error
	// Delete deletes the client, with a key that it still has.
	Delete(ctx context.Context) error
}

// The client's limits. Should the command be killed before it deletes the client, the key
// ends by itself.
const (
	clientBudget  = "0.05usd/once"
	clientExpires = "1h"
)

// TableClients makes the client in the stack's table.
type TableClients struct {
	admin clientadmin.Admin
	name  string
}

// NewTableClients returns the Clients of a stack with a table.
func NewTableClients(table clientadmin.Table, now func() time.Time) *TableClients {
	return &TableClients{
		admin: clientadmin.Admin{Table: table, Now: now, Confirm: func(clientadmin.Plan) error { return nil }},
		name:  "verify-" + strings.ToLower(rand.Text()[:8]),
	}
}

// Name is the client's name.
func (c *TableClients) Name() string { return c.name }

// Create makes the client, and returns its key.
func (c *TableClients) Create(ctx context.Context) (secret.Text, error) {
	now := c.admin.Now()
	change, err := clientadmin.ParseChange(c.name, map[string]string{
		clientadmin.BudgetFlag: clientBudget, clientadmin.InferenceFlag: "true", clientadmin.ExpiresFlag: clientExpires,
	}, now)
	if err != nil {
		return secret.Text{}, err
	}
	if _, err := c.admin.Create(ctx, c.name, change); err != nil {
		var unknown *clientadmin.UnknownError
		if errors.As(err, &unknown) { // the client may be there
			err = errors.Join(err, c.Delete(context.WithoutCancel(ctx)))
		}
		return secret.Text{}, err
	}
	var random [credential.RandomSize]byte
	_, _ = rand.Read(random[:]) // never fails
	key := credential.New(random)
	ends, err := clientadmin.ParseEnd(clientadmin.ExpiresFlag, clientExpires, now)
	if err != nil {
		return secret.Text{}, err
	}
	if _, err := c.admin.AddKey(ctx, c.name, key.Digest(), ends); err != nil {
		return secret.Text{}, errors.Join(err, c.Delete(context.WithoutCancel(ctx)))
	}
	return key.Text, nil
}

// Revoke ends the client's key.
func (c *TableClients) Revoke(ctx context.Context) error {
	_, _, err := c.admin.Revoke(ctx, c.name, nil)
	return err
}

// Delete deletes the client.
func (c *TableClients) Delete(ctx context.Context) error {
	_, err := c.admin.Delete(ctx, c.name, true)
	return err
}

const (
	clientsSection = "clients-unreachable"
	isOpen         = "client access is open"
)

// makeClient makes the client that other checks send requests as.
func (s *Suite) makeClient() []check.Check {
	made := check.Check{Name: "a client for these requests", Want: "made, with " + clientBudget + " for " + clientExpires, Section: clientsSection}
	if s.Clients == nil {
		made.LeftOut = isOpen
		return []check.Check{made}
	}
	made.Run = func(ctx context.Context) (string, error) {
		key, err := s.Clients.Create(ctx)
		s.key = key
		if err != nil {
			return "", fmt.Errorf("client %s: %w", s.Clients.Name(), err)
		}
		return "", nil
	}
	return []check.Check{made}
}

// endClient revokes the client's key, and deletes the client.
func (s *Suite) endClient() []check.Check {
	revoked := check.Check{Name: "the client's key, revoked", Want: "401 invalid_api_key at once", Section: clientsSection}
	deleted := check.Check{Name: "the client, deleted", Want: "deleted", Section: clientsSection}
	if s.Clients == nil {
		all := []check.Check{revoked, deleted}
		leaveOut(all, isOpen)
		return all
	}
	revoked.Run = func(ctx context.Context) (string, error) {
		if s.key.IsZero() {
			return "", errors.New("the client has no key")
		}
		if err := s.Clients.Revoke(ctx); err != nil {
			return "", err
		}
		got, err := s.toViewer(httpcheck.Request{Method: http.MethodPost, URL: s.path("/models"), Body: question}).Send(ctx)
		if err != nil {
			return "", err
		}
		if got.Status != http.StatusUnauthorized || got.Code() != "invalid_api_key" {
			return "", fmt.Errorf("%d %s", got.Status, got.Code())
		}
		return "", nil
	}
	deleted.Run = func(ctx context.Context) (string, error) { return "", s.Close(ctx) }
	return []check.Check{revoked, deleted}
}

// Close deletes the client, if one was made that wasn't deleted yet. It is called after an
// interruption too, with a context that hasn't ended.
func (s *Suite) Close(ctx context.Context) error {
	if s.Clients == nil || s.key.IsZero() {
		return nil
	}
	if err := s.Clients.Delete(ctx); err != nil {
		return fmt.Errorf("the client %[1]s is left, and its key ends within the hour: delete it with `make client-delete NAME=%[1]s FORCE=1 STACK=%[2]s`: %[3]w",
			s.Clients.Name(), s.Outputs.stack(), err)
	}
	s.key = secret.Text{}
	return nil
}
