package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// RunPlugin compiles a plugin that is Go source, such as a policy pack, and runs it
// until it ends or the CLI cancels it. The CLI reads the plugin's port from its
// output.
func (h *host) RunPlugin(
	req *pulumirpc.RunPluginRequest, stream grpc.ServerStreamingServer[pulumirpc.RunPluginResponse],
) error {
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	defer context.AfterFunc(h.alive, cancel)()

	program, err := compile(ctx, req.GetInfo().GetProgramDirectory(), h.cache)
	if err != nil {
		return err
	}
	out := &pluginOutput{stream: stream}
	cmd := exec.CommandContext(ctx, program, req.GetArgs()...)
	cmd.Dir, cmd.Env = req.GetPwd(), req.GetEnv()
	cmd.Stdout, cmd.Stderr = writer(out.stdout), writer(out.stderr)
	interruptible(cmd)
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("the plugin could not run: %w", err)
	}
	return out.send(&pulumirpc.RunPluginResponse{
		Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(cmd.ProcessState.ExitCode())},
	})
}

// pluginOutput sends what a plugin prints to the CLI, from one goroutine at a time.
type pluginOutput struct {
	mu     sync.Mutex
	stream grpc.ServerStreamingServer[pulumirpc.RunPluginResponse]
}

func (o *pluginOutput) send(response *pulumirpc.RunPluginResponse) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stream.Send(response)
}

func (o *pluginOutput) stdout(text []byte) error {
	return o.send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stdout{Stdout: text}})
}

func (o *pluginOutput) stderr(text []byte) error {
	return o.send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stderr{Stderr: text}})
}

// writer adapts a function to [io.Writer].
type writer func([]byte) error

func (w writer) Write(text []byte) (int, error) { return len(text), w(text) }
