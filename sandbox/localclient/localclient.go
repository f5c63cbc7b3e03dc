// Package localclient makes the sandbox's own client of the API, whose key tests and people
// use. The key is in a file that only its owner can read.
package localclient

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/secret"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

// Name is the name of the sandbox's own client.
const Name = "local"

// policy has limits that no test exceeds by itself.
var policy = map[string]string{
	clientadmin.BudgetFlag:    "1000usd/month",
	clientadmin.PerMinuteFlag: fmt.Sprint(client.MaxPerMinute),
	clientadmin.AtOnceFlag:    fmt.Sprint(client.MaxAtOnce),
	clientadmin.InferenceFlag: "true",
}

// Ensure makes the client in a table, unless it is there with the key in the checkout's file,
// and returns the key. A file without a key gets a new one.
func Ensure(ctx context.Context, l checkout.Layout, endpoint, table string) (secret.Text, error) {
	key, err := ensureKey(l.ClientKey())
	if err != nil {
		return secret.Text{}, err
	}
	if err := ensureClient(ctx, Admin(endpoint, table), key); err != nil {
		return secret.Text{}, fmt.Errorf("make the sandbox's client: %w", err)
	}
	return key.Text, nil
}

// Admin changes the clients of a table of the sandbox. It confirms every change.
func Admin(endpoint, table string) clientadmin.Admin {
	return clientadmin.Admin{Table: Table(endpoint, table), Now: time.Now, Confirm: func(clientadmin.Plan) error { return nil }}
}

// Table calls a table of the sandbox as the account's administrator.
func Table(endpoint, table string) *dynamo.Client {
	return TableAs(awsclient.Config(endpoint), endpoint, table)
}

// TableAs calls a table of the sandbox with the credentials of a configuration.
func TableAs(config aws.Config, endpoint, table string) *dynamo.Client {
	return dynamo.New(dynamo.Config{
		Endpoint: endpoint, Region: config.Region, Table: table, Credentials: config.Credentials.Retrieve,
		AttemptTimeout: attemptTimeout,
	})
}

// attemptTimeout is long: the machine may be busy.
const attemptTimeout = 10 * time.Second

// ensureKey returns the key in a file, which it makes if there is none.
func ensureKey(path string) (credential.Key, error) {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return credential.Key{}, err
	}
	if key, err := credential.Parse(strings.TrimSpace(string(content))); err == nil {
		return key, nil
	}
	var random [credential.RandomSize]byte
	if _, err := rand.Read(random[:]); err != nil {
		return credential.Key{}, err
	}
	key := credential.New(random)
	return key, checkout.WriteFile(path, []byte(key.Reveal()+"\n"), 0o600)
}

func ensureClient(ctx context.Context, admin clientadmin.Admin, key credential.Key) error {
	all, err := admin.Clients(ctx)
	if err != nil {
		return err
	}
	known := find(all)
	if known == nil {
		change, err := clientadmin.ParseChange(Name, policy, time.Now())
		if err != nil {
			return err
		}
		plan, err := admin.Create(ctx, Name, change)
		if err != nil {
			return err
		}
		known = &client.Record{Name: Name, Policy: plan.After}
	}
	digest := key.Digest()
	if known.Has(digest.ID()) {
		return nil
	}
	_, err = admin.AddKey(ctx, Name, digest, time.Time{})
	return err
}

func find(all []client.Record) *client.Record {
	for _, one := range all {
		if one.Name == Name {
			return &one
		}
	}
	return nil
}
