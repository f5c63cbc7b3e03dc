package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/constant"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// stopTime is the timeout of a program after an interrupt.
const stopTime = 5 * time.Second

// compile builds the program in dir and returns the executable's path. The
// path depends on dir alone, so that Go finds the last result there and links
// only what changed. The flags are those of Pulumi's own host: one build cache
// serves both.
func compile(ctx context.Context, dir, cache string) (string, error) {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("make a place for compiled programs: %w", err)
	}
	id := sha256.Sum256([]byte(dir))
	target := filepath.Join(cache, fmt.Sprintf("%s-%x", filepath.Base(dir), id[:8]))
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags=-w -s", "-o", target)
	cmd.Dir = dir
	interruptible(cmd)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", errors.New("cancelled while compiling the program")
		}
		return "", fmt.Errorf("the program does not compile (go build, %w):\n%s", err, strings.TrimSpace(output.String()))
	}
	// Go writes an archive for a package that is not a main package.
	if info, err := os.Stat(target); err != nil || info.Mode()&0o111 == 0 {
		return "", fmt.Errorf("the Go package in %s is not a program; it needs `package main`", dir)
	}
	return target, nil
}

// run executes the compiled program and returns how it ended.
func run(ctx context.Context, program, dir string, env []string) *pulumirpc.RunResponse {
	cmd := exec.CommandContext(ctx, program)
	cmd.Dir, cmd.Env = dir, env
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	interruptible(cmd)
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}
	case ctx.Err() != nil:
		return &pulumirpc.RunResponse{Error: "the program was cancelled"}
	case !errors.As(err, &exit):
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program could not run: %v", err)}
	case exit.ExitCode() == constant.ExitStatusLoggedError:
		// The program has reported its error to the engine.
		return &pulumirpc.RunResponse{Bail: true}
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program failed: %v", err)}
	}
}

// interruptible interrupts a cancelled command before it is killed.
func interruptible(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopTime
}

// programEnv returns the variables that the Pulumi SDK reads at the start of a
// program.
func programEnv(req *pulumirpc.RunRequest, engine string) ([]string, error) {
	config, err := json.Marshal(req.GetConfig())
	if err != nil {
		return nil, fmt.Errorf("encode configuration: %w", err)
	}
	secretKeys, err := json.Marshal(append([]string{}, req.GetConfigSecretKeys()...))
	if err != nil {
		return nil, fmt.Errorf("encode names of secrets: %w", err)
	}
	return []string{
		pulumi.EnvOrganization + "=" + req.GetOrganization(),
		pulumi.EnvProject + "=" + req.GetProject(),
		pulumi.EnvPulumiRootDirectory + "=" + req.GetInfo().GetRootDirectory(),
		pulumi.EnvStack + "=" + req.GetStack(),
		pulumi.EnvConfig + "=" + string(config),
		pulumi.EnvConfigSecretKeys + "=" + string(secretKeys),
		pulumi.EnvDryRun + "=" + strconv.FormatBool(req.GetDryRun()),
		pulumi.EnvParallel + "=" + strconv.Itoa(int(req.GetParallel())),
		pulumi.EnvMonitor + "=" + req.GetMonitorAddress(),
		pulumi.EnvEngine + "=" + engine,
	}, nil
}
