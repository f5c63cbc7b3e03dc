package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
)

// host implements the LanguageRuntime service. Methods that it does not define
// return "unimplemented".
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer

	engine atomic.Value // string: the address of the CLI's engine service
	cache  string       // directory of compiled programs

	alive  context.Context // done once the CLI cancels
	cancel context.CancelFunc
}

func newHost(ctx context.Context, engine, cache string) *host {
	h := &host{cache: cache}
	h.engine.Store(engine)
	h.alive, h.cancel = context.WithCancel(ctx)
	return h
}

// Handshake sets the engine's address, for a CLI that attaches to a running host.
func (h *host) Handshake(
	_ context.Context, req *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	h.engine.Store(req.GetEngineAddress())
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo reports the version, which is the CLI's own.
func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

// About describes the Go that compiles programs.
func (h *host) About(ctx context.Context, _ *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	path, err := exec.LookPath("go")
	if err != nil {
		return nil, fmt.Errorf("install Go, or put it on PATH: %w", err)
	}
	out, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return nil, fmt.Errorf("go version: %w", err)
	}
	return &pulumirpc.AboutResponse{Executable: path, Version: strings.TrimSpace(string(out))}, nil
}

// InstallDependencies downloads the program's modules.
func (h *host) InstallDependencies(
	req *pulumirpc.InstallDependenciesRequest,
	stream grpc.ServerStreamingServer[pulumirpc.InstallDependenciesResponse],
) error {
	closer, stdout, stderr, err := rpcutil.MakeInstallDependenciesStreams(stream, req.GetIsTerminal())
	if err != nil {
		return err
	}
	defer closer.Close()
	cmd := exec.CommandContext(stream.Context(), "go", "mod", "download")
	cmd.Dir = req.GetInfo().GetProgramDirectory()
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go mod download in %s: %w", cmd.Dir, err)
	}
	return closer.Close()
}

// RuntimeOptionsPrompts has no prompts for `pulumi new`.
func (h *host) RuntimeOptionsPrompts(
	context.Context, *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

// Cancel stops a compilation or a program under way.
func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.cancel()
	return &emptypb.Empty{}, nil
}

// Run compiles the program and runs it to its end. Errors of the program are part
// of the response: an error of the call itself would read as one of the host.
func (h *host) Run(ctx context.Context, req *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	info := req.GetInfo()
	for option := range info.GetOptions().GetFields() {
		return nil, fmt.Errorf("this stand-in knows no runtime option %q: remove it from Pulumi.yaml, or install Pulumi", option)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(h.alive, cancel)()

	engine := h.engine.Load().(string)
	h.say(ctx, engine, "Compiling the program ...")
	program, err := compile(ctx, info.GetProgramDirectory(), h.cache)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	h.say(ctx, engine, "Compiled the program")

	env, err := programEnv(req, engine)
	if err != nil {
		return nil, err
	}
	return run(ctx, program, req.GetPwd(), append(os.Environ(), env...)), nil
}

// say shows a transient message in the CLI's progress. Its errors are ignored: a
// lost message is no reason to fail.
func (h *host) say(ctx context.Context, engine, message string) {
	conn, err := grpc.NewClient(engine,
		grpc.WithTransportCredentials(insecure.NewCredentials()), rpcutil.GrpcChannelOptions())
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = pulumirpc.NewEngineClient(conn).Log(ctx, &pulumirpc.LogRequest{
		Severity: pulumirpc.LogSeverity_INFO, Message: message, Ephemeral: true,
	})
}
