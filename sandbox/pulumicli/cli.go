// Package pulumicli runs the Pulumi CLI on the stack of the sandbox.
package pulumicli

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

// StackName is the name of the stack.
const StackName = "local"

// interruptTimeout is the time for an interrupted deployment to finish the operations that
// are under way. A distribution takes longest.
const interruptTimeout = 3 * time.Minute

// CLI is the Pulumi CLI with the backend and the servers of the sandbox.
type CLI struct {
	Layout   checkout.Layout
	Project  string // the folder of another version's program; empty for the checkout's own
	Path     string // of the program pulumi
	Endpoint string // of the AWS API

	// Environment is added to the CLI's environment: see env.Run.
	Environment map[string]string

	// Credentials are the caller's; the default is the account's administrator.
	Credentials Credentials
}

// Credentials are AWS credentials.
type Credentials struct {
	AccessKeyID     string `xml:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string // of a role; empty for the account
}

// administrator has the credentials of the account's administrator.
var administrator = Credentials{AccessKeyID: "test", SecretAccessKey: "test"}

func (c Credentials) env() []string {
	if c == (Credentials{}) {
		c = administrator
	}
	env := []string{"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey}
	if c.SessionToken != "" {
		env = append(env, "AWS_SESSION_TOKEN="+c.SessionToken)
	}
	return env
}

// replaced has the prefixes of variables that the CLI gets only from here.
var replaced = []string{"AWS_", "PULUMI_", "VAULT_", "KUBE"}

// Env returns the environment in which plain pulumi commands act on the stack of the
// sandbox. It leaves out the user's own variables for Pulumi, AWS, Vault and Kubernetes:
// nothing may reach a real account by accident.
func (c CLI) Env() []string {
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		_, ours := c.Environment[strings.ToUpper(name)] // proxies are named in lower case too
		return ours || name == "PATH" || name == "GOFLAGS" || name == "CGO_ENABLED" || slices.ContainsFunc(replaced, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	})
	for _, name := range slices.Sorted(maps.Keys(c.Environment)) {
		env = append(env, name+"="+c.Environment[name])
	}
	env = append(env, c.Credentials.env()...)
	env = append(env, build.Settings(c.compilerFlags()...)...) // of the program, which the language host compiles
	return append(env,
		"PATH="+filepath.Dir(c.Path)+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"PULUMI_HOME="+c.Layout.PulumiHome(),
		"PULUMI_BACKEND_URL=file://"+c.Layout.State(),
		"PULUMI_CONFIG_PASSPHRASE_FILE="+c.Layout.Passphrase(),
		"PULUMI_STACK="+StackName,
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"AWS_ENDPOINT_URL="+c.Endpoint,
		"AWS_REGION=us-east-1",
		"AWS_CONFIG_FILE="+os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true",
	)
}

// project returns the folder of the program.
func (c CLI) project() string { return cmp.Or(c.Project, c.Layout.Root) }

// compilerFlags returns the go command's flags for the program. Another version's may require
// other SDKs than those that the checkout has copies of.
func (c CLI) compilerFlags() []string {
	if c.Project != "" {
		return nil
	}
	return c.Layout.SDKFlags()
}

// takesConfigFile lists the commands that read or write a stack's
// configuration. Without the flag they would use the committed file, which
// lacks what belongs to this machine.
var takesConfigFile = []string{"up", "update", "preview", "pre", "refresh", "destroy", "config", "import", "watch"}

// Args completes a user's command line.
func (c CLI) Args(args []string) []string {
	if len(args) == 0 || !slices.Contains(takesConfigFile, args[0]) {
		return args
	}
	return slices.Concat(args[:1], []string{"--config-file", c.Layout.Config()}, args[1:])
}

// Run runs a command without prompts, its output in the log of that name.
func (c CLI) Run(ctx context.Context, log string, watch func(string), args ...string) error {
	if err := c.prepare(); err != nil {
		return err
	}
	args = append(c.Args(args), "--non-interactive", "--color", "never")
	err := process.Command{
		Dir: c.project(), Env: c.Env(), Args: append([]string{c.Path}, args...), Log: c.Layout.Log(log),
		Patience: interruptTimeout, Watch: watch,
	}.Run(ctx)
	var failure *process.Failure
	if errors.As(err, &failure) {
		if diagnostics := diagnostics(failure.Log); diagnostics != "" {
			failure.Tail = diagnostics
		}
	}
	return err
}

// Output runs a short command and returns its output.
func (c CLI) Output(ctx context.Context, args ...string) (string, error) {
	if err := c.prepare(); err != nil {
		return "", err
	}
	return process.Output(ctx, c.project(), c.Env(), append([]string{c.Path}, c.Args(args)...)...)
}

// Init creates an empty stack of the project in a folder. The CLI would write the new
// stack's salt into the committed configuration file, so it is run in a folder that
// has nothing but the project's file; the first deployment writes one into the local
// file.
func (c CLI) Init(ctx context.Context, project, stack string) error {
	dir, err := os.MkdirTemp(c.Layout.Run(""), "project-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	text, err := os.ReadFile(filepath.Join(project, "Pulumi.yaml"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), text, 0o600); err != nil {
		return err
	}
	_, err = c.Output(ctx, "stack", "init", stack, "--no-select", "--non-interactive", "--cwd", dir)
	return err
}

// prepare creates what every command needs: the backend's folder and a passphrase.
func (c CLI) prepare() error {
	if err := os.MkdirAll(c.Layout.State(), 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(c.Layout.Passphrase()); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return checkout.WriteFile(c.Layout.Passphrase(), []byte(rand.Text()), 0o600)
}

// diagnostics returns the part of a log with Pulumi's diagnostics.
func diagnostics(log string) string {
	content, err := os.ReadFile(log)
	if err != nil {
		return ""
	}
	_, text, found := strings.Cut(string(content), "\nDiagnostics:\n")
	if !found {
		return ""
	}
	text, _, _ = strings.Cut(text, "\nOutputs:\n")
	text, _, _ = strings.Cut(text, "\nResources:\n")
	const most = 60
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return "    " + strings.Join(lines[:min(len(lines), most)], "\n    ")
}
