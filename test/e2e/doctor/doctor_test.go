// Package doctor tests `make doctor` on the running sandbox: it breaks what a deployment
// needs (a copy of the state, passphrases, credentials, permissions, the ways to Vault and
// the cluster), and checks that the doctor names the section of the runbook that helps.
package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// problem makes a deployment impossible.
type problem struct {
	name string

	// create breaks the copy of Pulumi's backend, or something else that it restores when
	// the test ends, and returns the changes of the environment.
	create func(t *testing.T, e *env.Environment, backend string) (environment []string)

	section  string   // of the runbook, which the doctor must name
	messages []string // others that it must print
}

var problems = []problem{
	{
		name: "half a state", create: state(func(content string) string { return content[:len(content)/2] }),
		section: "state-damaged", messages: []string{"can't be read", ".json.bak"},
	},
	{
		name: "an empty state", create: state(func(string) string { return "" }),
		section: "state-damaged", messages: []string{"can't be read"},
	},
	{
		name: "another stack's state", create: state(func(content string) string {
			return strings.ReplaceAll(content, "urn:pulumi:local::", "urn:pulumi:prod::")
		}),
		section: "state-foreign", messages: []string{"would delete them", "pulumi stack ls"},
	},
	{
		name: "another project's state", create: state(func(content string) string {
			return strings.ReplaceAll(content, "::gatehouse::", "::other::")
		}),
		section: "state-foreign", messages: []string{"would delete them"},
	},
	{
		name: "the state of a killed deployment", create: state(withPendingOperation),
		section: "up-killed", messages: []string{"creating gateway-api", "pulumi refresh --clear-pending-creates"},
	},
	{
		name: "a wrong passphrase", create: environment("PULUMI_CONFIG_PASSPHRASE=wrong", "PULUMI_CONFIG_PASSPHRASE_FILE="),
		section: "passphrase", messages: []string{"is not the one", "PULUMI_CONFIG_PASSPHRASE_FILE"},
	},
	{
		name: "no passphrase", create: environment("PULUMI_CONFIG_PASSPHRASE_FILE="),
		section: "passphrase", messages: []string{"none is given"},
	},
	{
		name: "another backend", create: environment("PULUMI_BACKEND_URL=file://" + os.TempDir()),
		section: "stack-missing", messages: []string{"pulumi whoami -v"},
	},
	{
		name: "no credentials", create: environment("AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="),
		section: "credentials", messages: []string{"no AWS credentials", "aws sso login"},
	},
	{
		name: "unknown credentials", create: environment("AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE"),
		section: "credentials", messages: []string{"InvalidClientTokenId", "Renew them"},
	},
	{
		name: "expired credentials", create: expiredCredentials,
		section: "credentials", messages: []string{"ExpiredToken", "Renew them"},
	},
	{
		name: "a missing permission", create: missingPermission,
		section: "permission-missing", messages: []string{"user/" + limitedUser + " may not", "logs:DescribeLogGroups", "pulumi up"},
	},
	{
		name: "no connection to Vault", create: environment("VAULT_PROXY_ADDR=http://" + unusedAddress),
		section: "vault-away", messages: []string{"can't be reached", "vault status"},
	},
	{
		name: "no token for Vault", create: environment("VAULT_TOKEN="),
		section: "vault-token", messages: []string{"no token", "vault login"},
	},
	{
		name: "an expired token for Vault", create: expiredVaultToken,
		section: "vault-token", messages: []string{"has expired", "vault token lookup"},
	},
	{
		name: "no connection to the cluster", create: kubeconfig(func(a kubernetesserver.Access, content string) string {
			return strings.ReplaceAll(content, a.Server, "https://"+unusedAddress)
		}),
		section: "cluster-away", messages: []string{unusedAddress + " can't be reached", "kubectl cluster-info"},
	},
	{
		name: "credentials that the cluster rejects", create: kubeconfig(func(a kubernetesserver.Access, content string) string {
			return strings.ReplaceAll(content, a.Token, "expired")
		}),
		section: "cluster-credentials", messages: []string{"doesn't accept", "kubectl auth whoami"},
	},
}

func TestDoctorFindsNothingWrongWithAHealthyStack(t *testing.T) {
	e := e2etest.Attach(t)
	if output, err := runDoctor(t, e); err != nil {
		t.Errorf("%v:\n%s", err, output)
	}
}

func TestDoctorNamesTheWayOut(t *testing.T) {
	e := e2etest.Attach(t)
	for _, p := range problems {
		t.Run(p.name, func(t *testing.T) {
			backend := t.TempDir()
			if err := os.CopyFS(backend, os.DirFS(e.Checkout.State())); err != nil {
				t.Fatal(err)
			}
			changes := p.create(t, e, backend)
			output, err := runDoctor(t, e, append([]string{"PULUMI_BACKEND_URL=file://" + backend}, changes...)...)
			if err == nil {
				t.Errorf("the doctor finds nothing wrong:\n%s", output)
			}
			for _, want := range append([]string{"docs/runbook.md#" + p.section}, p.messages...) {
				if !strings.Contains(output, want) {
					t.Errorf("the doctor doesn't print %q, but\n%s", want, output)
				}
			}
		})
	}
}

// runDoctor runs the doctor with changes to the environment of the stack's CLI.
func runDoctor(t *testing.T, e *env.Environment, changes ...string) (output string, err error) {
	t.Helper()
	// The stack's configuration is not the committed file, which a plain `pulumi preview`
	// takes.
	preview := e.Stack.CLI.Args([]string{"preview"})
	script := fmt.Sprintf("#!/bin/sh\ncase \"$1\" in preview) shift; set -- '%s' \"$@\";; esac\nexec '%s' \"$@\"\n",
		strings.Join(preview, "' '"), e.Stack.CLI.Path)
	command := filepath.Join(t.TempDir(), "pulumi")
	if err := os.WriteFile(command, []byte(script), 0o700); err != nil { //nolint:gosec // it is a program
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "go", "run", "./cmd/gatehouse", "doctor", "-stack", pulumicli.StackName, "-pulumi", command)
	cmd.Dir, cmd.Stdout, cmd.Stderr = e.Checkout.Root, &out, &out
	cmd.Env = slices.Concat(e.Stack.CLI.Env(), changes)
	err = cmd.Run()
	return out.String(), err
}

func environment(changes ...string) func(*testing.T, *env.Environment, string) []string {
	return func(*testing.T, *env.Environment, string) []string { return changes }
}

// state changes the content of the state.
func state(change func(string) string) func(*testing.T, *env.Environment, string) []string {
	return func(t *testing.T, _ *env.Environment, backend string) []string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(backend, ".pulumi", "stacks", "*", pulumicli.StackName+".json"))
		if err != nil || len(found) != 1 {
			t.Fatalf("want one state, found %v (%v)", found, err)
		}
		changeFile(t, found[0], change)
		return nil
	}
}

func changeFile(t *testing.T, path string, change func(string) string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := change(string(content))
	if changed == string(content) {
		t.Fatalf("%s has nothing to change", path)
	}
	if err := checkout.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

// latest matches where the content of a state begins, with any indentation.
var latest = regexp.MustCompile(`"latest": ?\{`)

// withPendingOperation adds an operation that is under way to a state.
func withPendingOperation(content string) string {
	const operation = `"pending_operations": [{"type": "creating", "resource": {"custom": true, "type": "aws:apigatewayv2/api:Api",
		"urn": "urn:pulumi:local::gatehouse::gatehouse:gateway:Gateway$aws:apigatewayv2/api:Api::gateway-api"}}],`
	begin := latest.FindStringIndex(content)
	if begin == nil {
		return content
	}
	return content[:begin[1]] + operation + content[begin[1]:]
}

func TestWithPendingOperation(t *testing.T) {
	for _, content := range []string{`{"checkpoint":{"latest":{"manifest":{}}}}`, `{"checkpoint": {"latest": {"manifest": {}}}}`} {
		var state struct {
			Checkpoint struct {
				Latest struct {
					Pending []any `json:"pending_operations"`
				}
			}
		}
		if err := json.Unmarshal([]byte(withPendingOperation(content)), &state); err != nil || len(state.Checkpoint.Latest.Pending) != 1 {
			t.Errorf("%v, %s", err, withPendingOperation(content))
		}
	}
	if got := withPendingOperation("{}"); got != "{}" {
		t.Errorf("got %s", got)
	}
}

// unusedAddress is an address that no server listens on.
const unusedAddress = "127.0.0.1:1"

// kubeconfig changes the administrator's kubeconfig.
func kubeconfig(change func(a kubernetesserver.Access, content string) string) func(*testing.T, *env.Environment, string) []string {
	return func(t *testing.T, e *env.Environment, _ string) []string {
		t.Helper()
		path := e.Servers.Kubernetes.Kubeconfig
		original, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		e2etest.Cleanup(t, "restore the kubeconfig", func(context.Context) error { return checkout.WriteFile(path, original, 0o600) })
		changeFile(t, path, func(content string) string { return change(e.Servers.Kubernetes.Access, content) })
		return nil
	}
}

// expiredVaultToken creates a token for Vault, and waits until it has expired.
func expiredVaultToken(t *testing.T, e *env.Environment, _ string) []string {
	t.Helper()
	var created struct {
		Auth struct {
			Token string `json:"client_token"`
		}
	}
	err := e.Servers.Vault.Root().Do(t.Context(), http.MethodPost, "/auth/token/create", map[string]string{"ttl": "1s"}, &created)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * time.Second)
	return []string{"VAULT_TOKEN=" + created.Auth.Token}
}

// expiredCredentials lets AWS reject the credentials as it does when they have expired.
func expiredCredentials(t *testing.T, e *env.Environment, _ string) []string {
	t.Helper()
	controls := awsclient.Controls{Endpoint: e.Servers.Cloud.Endpoint()}
	e2etest.Cleanup(t, "remove the fault", func(ctx context.Context) error { return controls.SetFaults(ctx, nil) })
	err := controls.SetFaults(t.Context(), []awsclient.Fault{
		{Service: "sts", Mode: "error-before", Status: 403, Code: "ExpiredToken", Probability: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	return nil
}

// limitedUser may do everything but read or change logs.
const (
	limitedUser   = "gatehouse-limited"
	limitedPolicy = `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "*", "Resource": "*"},
		{"Effect": "Deny", "Action": "logs:*", "Resource": "*"}
	]}`
)

// missingPermission creates a user of limited rights, and returns the user's credentials.
func missingPermission(t *testing.T, e *env.Environment, _ string) []string {
	t.Helper()
	client := iam.NewFromConfig(awsclient.Config(e.Servers.Cloud.Endpoint()))
	user := aws.String(limitedUser)
	var exists *types.EntityAlreadyExistsException
	if _, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: user}); err != nil && !errors.As(err, &exists) {
		t.Fatal(err)
	}
	_, err := client.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{
		UserName: user, PolicyName: aws.String("limited"), PolicyDocument: aws.String(limitedPolicy),
	})
	if err != nil {
		t.Fatal(err)
	}
	created, err := client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: user})
	if err != nil {
		t.Fatal(err)
	}
	e2etest.Cleanup(t, "delete the limited user", func(ctx context.Context) error {
		_, key := client.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: user, AccessKeyId: created.AccessKey.AccessKeyId})
		_, policy := client.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: user, PolicyName: aws.String("limited")})
		_, deleted := client.DeleteUser(ctx, &iam.DeleteUserInput{UserName: user})
		return errors.Join(key, policy, deleted)
	})
	return []string{"AWS_ACCESS_KEY_ID=" + *created.AccessKey.AccessKeyId, "AWS_SECRET_ACCESS_KEY=" + *created.AccessKey.SecretAccessKey}
}
