package recovery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/vaultserver"
)

// problem is one way in which a deployment becomes impossible, and what the doctor
// has to say to it.
type problem struct {
	name string

	// make breaks a copy of the backend, and returns what differs in the environment.
	make func(t *test, ctx context.Context, backend string) (environment []string, err error)

	section string   // of the runbook
	says    []string // among other things
}

var problems = []problem{
	{
		name: "half a state", make: state(func(text string) string { return text[:len(text)/2] }),
		section: "state-damaged", says: []string{"can't be read", ".json.bak"},
	},
	{
		name: "an empty state", make: state(func(string) string { return "" }),
		section: "state-damaged", says: []string{"can't be read"},
	},
	{
		name: "another stack's state", make: state(func(text string) string { return strings.ReplaceAll(text, "urn:pulumi:local::", "urn:pulumi:prod::") }),
		section: "state-foreign", says: []string{"would delete them", "pulumi stack ls"},
	},
	{
		name: "another project's state", make: state(func(text string) string { return strings.ReplaceAll(text, "::gatehouse::", "::elsewhere::") }),
		section: "state-foreign", says: []string{"would delete them"},
	},
	{
		name: "a state of a killed deployment", make: state(interrupted),
		section: "up-killed", says: []string{"creating gateway-api", "pulumi refresh --clear-pending-creates"},
	},
	{
		name: "a wrong passphrase", make: environment("PULUMI_CONFIG_PASSPHRASE=wrong", "PULUMI_CONFIG_PASSPHRASE_FILE="),
		section: "passphrase", says: []string{"is not the one", "PULUMI_CONFIG_PASSPHRASE_FILE"},
	},
	{
		name: "no passphrase", make: environment("PULUMI_CONFIG_PASSPHRASE_FILE="),
		section: "passphrase", says: []string{"none is given"},
	},
	{
		name: "another backend", make: environment("PULUMI_BACKEND_URL=file://" + os.TempDir()),
		section: "stack-missing", says: []string{"pulumi whoami -v"},
	},
	{
		name: "no credentials", make: environment("AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="),
		section: "credentials", says: []string{"no AWS credentials", "aws sso login"},
	},
	{
		name: "unknown credentials", make: environment("AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE"),
		section: "credentials", says: []string{"InvalidClientTokenId", "Renew them"},
	},
	{
		name: "expired credentials", make: (*test).expire,
		section: "credentials", says: []string{"ExpiredToken", "Renew them"},
	},
	{
		name: "a missing permission", make: (*test).forbid,
		section: "permission-missing", says: []string{"user/" + limitedUser + " may not", "logs:DescribeLogGroups", "pulumi up"},
	},
	{
		name: "no way to Vault", make: environment("VAULT_PROXY_ADDR=http://" + nobody),
		section: "vault-away", says: []string{"can't be reached", "vault status"},
	},
	{
		name: "no token for Vault", make: environment("VAULT_TOKEN="),
		section: "vault-token", says: []string{"no token", "vault login"},
	},
	{
		name: "an expired token for Vault", make: (*test).expireToken,
		section: "vault-token", says: []string{"has expired", "vault token lookup"},
	},
	{
		name: "no way to the cluster", make: kubeconfig(func(a kubernetesserver.Access, text string) string {
			return strings.ReplaceAll(text, a.Server, "https://"+nobody)
		}),
		section: "cluster-away", says: []string{nobody + " can't be reached", "kubectl cluster-info"},
	},
	{
		name: "credentials that the cluster refuses", make: kubeconfig(func(a kubernetesserver.Access, text string) string {
			return strings.ReplaceAll(text, a.Token, "expired")
		}),
		section: "cluster-credentials", says: []string{"doesn't accept", "kubectl auth whoami"},
	},
}

// problems asks the doctor about the stack as it is, and about each problem.
func (t *test) problems(ctx context.Context) error {
	return t.show.Step(ctx, "doctor", func(ctx context.Context, s *progress.Step) error {
		said, err := t.ask(ctx, nil)
		if err != nil {
			return fmt.Errorf("the doctor finds fault with a healthy stack:\n%s", said)
		}
		var wrong []error
		for _, p := range problems {
			s.Doing("%s", p.name)
			if err := t.pose(ctx, p); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", p.name, err))
			}
		}
		s.Note("knows the way out of %d problems", len(problems)-len(wrong))
		return errors.Join(wrong...)
	})
}

func (t *test) pose(ctx context.Context, p problem) (err error) {
	backend, err := os.MkdirTemp("", "gatehouse-state-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(backend)
	if err := os.CopyFS(backend, os.DirFS(t.layout.State())); err != nil {
		return err
	}
	undo, err := t.keepKubeconfig()
	if err != nil {
		return err
	}
	changed, err := p.make(t, ctx, backend)
	defer func() { err = errors.Join(err, t.setFaults(context.WithoutCancel(ctx)), undo()) }()
	if err != nil {
		return err
	}
	said, err := t.ask(ctx, append([]string{"PULUMI_BACKEND_URL=file://" + backend}, changed...))
	if err == nil {
		return fmt.Errorf("the doctor finds nothing wrong:\n%s", said)
	}
	for _, want := range append([]string{"docs/runbook.md#" + p.section}, p.says...) {
		if !strings.Contains(said, want) {
			return fmt.Errorf("the doctor doesn't say %q, but\n%s", want, said)
		}
	}
	return nil
}

// ask runs the doctor with changes to the environment of the local stack.
func (t *test) ask(ctx context.Context, changes []string) (said string, err error) {
	dir, err := os.MkdirTemp("", "gatehouse-doctor-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	command := filepath.Join(dir, "pulumi")
	if err := os.WriteFile(command, []byte(t.command()), 0o700); err != nil { //nolint:gosec // it is a program
		return "", err
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "run", "./cmd/gatehouse", "doctor", "-stack", pulumicli.StackName, "-pulumi", command)
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.layout.Root, &out, &out
	cmd.Env = slices.Concat(t.stack.CLI.Env(), []string{"GOFLAGS=-trimpath"}, changes)
	err = cmd.Run()
	return out.String(), err
}

// command is a shell script that runs the CLI with the local stack's configuration,
// which is not the committed one.
func (t *test) command() string {
	preview := t.stack.CLI.Args([]string{"preview"})
	return fmt.Sprintf("#!/bin/sh\ncase \"$1\" in preview) shift; set -- '%s' \"$@\";; esac\nexec '%s' \"$@\"\n",
		strings.Join(preview, "' '"), t.stack.CLI.Path)
}

// state makes a problem of the state by changing its text.
func state(change func(string) string) func(*test, context.Context, string) ([]string, error) {
	return func(_ *test, _ context.Context, backend string) ([]string, error) {
		path, err := stateFile(backend)
		if err != nil {
			return nil, err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		changed := change(string(text))
		if changed == string(text) {
			return nil, errors.New("the state has nothing to change")
		}
		return nil, os.WriteFile(path, []byte(changed), 0o600)
	}
}

// latest is where the text of a state begins, however it is indented.
var latest = regexp.MustCompile(`"latest": ?\{`)

// interrupted adds an operation that is under way to a state.
func interrupted(text string) string {
	const operation = `"pending_operations": [{"type": "creating", "resource": {"custom": true, "type": "aws:apigatewayv2/api:Api",
		"urn": "urn:pulumi:local::gatehouse::gatehouse:gateway:Gateway$aws:apigatewayv2/api:Api::gateway-api"}}],`
	begin := latest.FindStringIndex(text)
	if begin == nil {
		return text
	}
	return text[:begin[1]] + operation + text[begin[1]:]
}

// nobody listens there.
const nobody = "127.0.0.1:1"

// kubeconfig makes a problem of the administrator's kubeconfig by changing its text.
func kubeconfig(change func(a kubernetesserver.Access, text string) string) func(*test, context.Context, string) ([]string, error) {
	return func(t *test, _ context.Context, _ string) ([]string, error) {
		server, found := kubernetesserver.Find(t.layout)
		if !found {
			return nil, errors.New("there is no API server")
		}
		text, err := os.ReadFile(server.Kubeconfig)
		if err != nil {
			return nil, err
		}
		changed := change(server.Access, string(text))
		if changed == string(text) {
			return nil, errors.New("the kubeconfig has nothing to change")
		}
		return nil, checkout.WriteFile(server.Kubeconfig, []byte(changed), 0o600)
	}
}

// keepKubeconfig returns what puts the administrator's kubeconfig back.
func (t *test) keepKubeconfig() (undo func() error, err error) {
	path := kubernetesserver.Kubeconfig(t.layout)
	content, err := os.ReadFile(path)
	return func() error { return checkout.WriteFile(path, content, 0o600) }, err
}

// expireToken makes a token for Vault, and waits for its end.
func (t *test) expireToken(ctx context.Context, _ string) ([]string, error) {
	server, found := vaultserver.Find(t.layout)
	if !found {
		return nil, errors.New("there is no Vault")
	}
	var made struct {
		Auth struct {
			Token string `json:"client_token"`
		}
	}
	if err := server.Root().Do(ctx, http.MethodPost, "/auth/token/create", map[string]string{"ttl": "1s"}, &made); err != nil {
		return nil, err
	}
	time.Sleep(2 * time.Second)
	return []string{"VAULT_TOKEN=" + made.Auth.Token}, nil
}

func environment(changes ...string) func(*test, context.Context, string) ([]string, error) {
	return func(*test, context.Context, string) ([]string, error) { return changes, nil }
}
