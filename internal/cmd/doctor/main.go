// Command doctor looks at why a stack can't be deployed, and says what to do. It
// changes nothing. It is run in the project's folder, in the shell that failed:
//
//	go run ./internal/cmd/doctor -stack prod
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"gopkg.in/yaml.v3"

	"github.com/gatehouse-iac/gatehouse/internal/diagnosis"
)

var errFound = errors.New("the stack can't be deployed as it is")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "doctor:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	stack := flags.String("stack", "", "the `name` of the stack")
	pulumi := flags.String("pulumi", "pulumi", "the `command` that runs Pulumi")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *stack == "" || flags.NArg() > 0 {
		return errors.New("usage: doctor -stack NAME [-pulumi COMMAND]")
	}
	project, err := projectName()
	if err != nil {
		return err
	}
	d := doctor{run: runner(strings.Fields(*pulumi)), project: project, stack: *stack, out: out}
	return d.examine(ctx)
}

func projectName() (string, error) {
	text, err := os.ReadFile("Pulumi.yaml")
	if err != nil {
		return "", fmt.Errorf("run this in the project's folder: %w", err)
	}
	var project struct{ Name string }
	if err := yaml.Unmarshal(text, &project); err != nil {
		return "", fmt.Errorf("read Pulumi.yaml: %w", err)
	}
	return project.Name, nil
}

// run runs Pulumi with arguments.
type run func(ctx context.Context, args ...string) (stdout, stderr []byte, err error)

func runner(command []string) run {
	return func(ctx context.Context, args ...string) ([]byte, []byte, error) {
		all := append(append([]string{}, command...), args...)
		cmd := exec.CommandContext(ctx, all[0], all[1:]...)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		return stdout.Bytes(), stderr.Bytes(), err
	}
}

type doctor struct {
	run            run
	project, stack string
	out            io.Writer
}

// examine asks for what a deployment needs, in its order, and stops at the first
// thing that is wrong: what comes after it would only repeat that.
func (d doctor) examine(ctx context.Context) error {
	exported, stderr, err := d.run(ctx, "stack", "export", "--stack", d.stack)
	if err != nil {
		return d.tell("state", diagnosis.Output(string(stderr)), stderr, err)
	}
	summary, findings := diagnosis.State(exported, d.project, d.stack)
	if len(findings) > 0 {
		return d.tell("state", findings, nil, nil)
	}
	fmt.Fprintf(d.out, "✓ state: %d resources of %s/%s, nothing under way\n", summary.Resources, d.project, d.stack)

	stdout, stderr, err := d.run(ctx, "preview", "--refresh", "--stack", d.stack, "--non-interactive", "--color", "never", "--suppress-outputs", "--policy-pack", "policy")
	if err != nil {
		said := append(stdout, stderr...)
		return d.tell("preview", diagnosis.Output(string(said)), said, err)
	}
	fmt.Fprintln(d.out, "✓ preview: credentials, permissions to read, and rules are in order")
	return nil
}

// tell prints the findings, or what was said if nobody knows it.
func (d doctor) tell(check string, findings []diagnosis.Finding, said []byte, err error) error {
	for _, f := range findings {
		fmt.Fprintf(d.out, "✗ %s: %s\n", check, f)
	}
	if len(findings) == 0 {
		fmt.Fprintf(d.out, "✗ %s: nothing that the doctor knows (%v). Pulumi said:\n%s\n", check, err, bytes.TrimSpace(said))
	}
	return errFound
}
