package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/gatehouse-iac/gatehouse/internal/diagnosis"
)

var errFound = errors.New("the stack can't be deployed as it is")

// runDoctor examines a stack of the project in this folder. It changes nothing.
func runDoctor(ctx context.Context, stack, pulumi string, out io.Writer) error {
	project, err := projectName()
	if err != nil {
		return err
	}
	d := doctor{pulumi: strings.Fields(pulumi), project: project, stack: stack, out: out}
	return d.examine(ctx)
}

func projectName() (string, error) {
	content, err := os.ReadFile("Pulumi.yaml")
	if err != nil {
		return "", fmt.Errorf("run this in the project's folder: %w", err)
	}
	var project struct{ Name string }
	if err := yaml.Unmarshal(content, &project); err != nil {
		return "", fmt.Errorf("read Pulumi.yaml: %w", err)
	}
	return project.Name, nil
}

type doctor struct {
	pulumi         []string // the command
	project, stack string
	out            io.Writer
}

// run runs Pulumi with arguments.
func (d doctor) run(ctx context.Context, args ...string) (stdout, stderr []byte, err error) {
	all := append(append([]string{}, d.pulumi...), args...)
	cmd := exec.CommandContext(ctx, all[0], all[1:]...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err = cmd.Run()
	return out.Bytes(), errOut.Bytes(), err
}

// examine checks the requirements of a deployment, in its order, and stops at the first
// that is not met: the next ones would only fail for the same reason.
func (d doctor) examine(ctx context.Context) error {
	exported, stderr, err := d.run(ctx, "stack", "export", "--stack", d.stack)
	if err != nil {
		return d.report("state", diagnosis.Output(string(stderr)), stderr, err)
	}
	summary, findings := diagnosis.State(exported, d.project, d.stack)
	if len(findings) > 0 {
		return d.report("state", findings, nil, nil)
	}
	fmt.Fprintf(d.out, "✓ state: %d resources of %s/%s, nothing under way\n", summary.Resources, d.project, d.stack)

	stdout, stderr, err := d.run(ctx, "preview", "--refresh", "--stack", d.stack, "--non-interactive", "--color", "never", "--suppress-outputs", "--policy-pack", "policy")
	if err != nil {
		output := append(stdout, stderr...)
		return d.report("preview", diagnosis.Output(string(output)), output, err)
	}
	fmt.Fprintln(d.out, "✓ preview: credentials, permissions to read, and rules are in order")
	d.checkConcurrency(ctx)
	d.checkRoutes(ctx)
	return nil
}

// report prints the findings, or the output of Pulumi if there are none.
func (d doctor) report(check string, findings []diagnosis.Finding, output []byte, err error) error {
	for _, f := range findings {
		fmt.Fprintf(d.out, "✗ %s: %s\n", check, f)
	}
	if len(findings) == 0 {
		fmt.Fprintf(d.out, "✗ %s: unknown to the doctor (%v). Pulumi's output:\n%s\n", check, err, bytes.TrimSpace(output))
	}
	return errFound
}
