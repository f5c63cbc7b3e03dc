// Command kubernetes runs a Kubernetes API server for the sandbox: the real one,
// on one loopback port, with an etcd of its own on a Unix socket and the few
// controllers without which objects are neither deleted nor admitted. There are
// no nodes and no other controllers: no pod of a Deployment ever runs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	port := flag.Int("port", 6443, "`port` to listen on, at 127.0.0.1")
	dir := flag.String("dir", "", "`folder` that is made for its files, "+kubeconfigFile+" among them, and removed at the end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *port, *dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run serves until ctx ends, and waits neither for requests under way then, nor
// for etcd to close its files: their folder is deleted with the process.
func run(ctx context.Context, port int, dir string) error {
	if dir == "" {
		return errors.New("-dir is missing")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// The path of a socket may have some hundred bytes only, so all files have
	// relative paths.
	if err := os.Chdir(dir); err != nil {
		return err
	}
	access, err := newAccess(port)
	if err != nil {
		return err
	}
	etcd, err := startEtcd()
	if err != nil {
		return fmt.Errorf("etcd: %w", err)
	}

	ended := make(chan error, 2)
	go func() { ended <- serve(port) }()
	go func() { ended <- control(ctx, access.Config()) }()
	select {
	case <-ctx.Done():
		return nil
	case err := <-etcd.Err():
		return fmt.Errorf("etcd: %w", err)
	case err := <-ended:
		return err
	}
}
