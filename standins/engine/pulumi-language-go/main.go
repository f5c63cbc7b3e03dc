// Command pulumi-language-go runs Pulumi programs written in Go.
//
// Pulumi ships a program of this name beside its CLI, but not as a Go module.
// This one replaces it where Pulumi is not installed and can't be downloaded:
// `pulumi up` finds it on PATH and calls it over gRPC to run the project, and it
// compiles the program and starts it. It covers deployments, and leaves out code
// generation and debugging.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

func main() {
	if err := serve(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-language-go:", err)
		os.Exit(1)
	}
}

// serve serves the CLI until that stops the host or ends. The CLI
// gives its address as the last argument; flags before it concern traces and
// verbose logs, which this host does not write.
func serve(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("the Pulumi CLI starts this program; its address is missing from the arguments")
	}
	cache, err := workspace.GetPulumiPath("programs")
	if err != nil {
		return fmt.Errorf("no place to keep compiled programs: %w", err)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	go dieWithParent(os.Getppid())

	host := newHost(ctx, args[len(args)-1], cache)
	cancel := make(chan bool)
	context.AfterFunc(ctx, func() { close(cancel) })
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancel,
		Init: func(srv *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(srv, host)
			return nil
		},
	})
	if err != nil {
		return fmt.Errorf("serve gRPC: %w", err)
	}
	fmt.Println(handle.Port)
	return <-handle.Done
}

// dieWithParent ends the host, and with it a running compiler or program, when
// the CLI was killed and could not do so itself. The CLI makes every plugin
// the leader of a process group, which is what lets one signal reach them all.
func dieWithParent(parent int) {
	for os.Getppid() == parent {
		time.Sleep(500 * time.Millisecond)
	}
	if syscall.Getpgrp() == os.Getpid() {
		_ = syscall.Kill(0, syscall.SIGKILL)
	}
	os.Exit(1)
}
