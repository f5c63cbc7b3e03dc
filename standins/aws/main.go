// Command pulumi-resource-aws is a Pulumi provider plugin for the sandbox: it serves the official SDK pulumi-aws
// over a Terraform AWS provider found on the machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/bridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/mirror"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/terraform"
)

func main() {
	// Pulumi's own flags are parsed by provider.Main.
	if len(os.Args) == 2 && (os.Args[1] == "-version" || os.Args[1] == "--version") {
		fmt.Println(bridge.Version)
		return
	}
	if err := serve(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-aws:", err)
		os.Exit(1)
	}
}

// collectPercent is GOGC of this process and of the Terraform provider. Both keep a schema of all of AWS, which each
// garbage collection scans: with Go's default of 100 percent, that takes a quarter of their time.
const collectPercent = 400

func serve(ctx context.Context) (err error) {
	const variable = "GOGC"
	if _, chosen := os.LookupEnv(variable); !chosen {
		debug.SetGCPercent(collectPercent)
		if err := os.Setenv(variable, strconv.Itoa(collectPercent)); err != nil {
			return err
		}
	}
	t, err := table.Load()
	if err != nil {
		return err
	}
	found, err := mirror.Here().Find()
	if err != nil {
		return err
	}
	child, err := terraform.Start(ctx, found)
	if err != nil {
		return err
	}
	files := &bridge.Files{}
	clean := func() error { return errors.Join(child.Close(), files.Close()) }
	defer func() { err = errors.Join(err, clean()) }()
	parent := os.Getppid()
	go func() {
		awaitOrphaned(parent)
		_ = clean() // the CLI that would show the error has ended
		os.Exit(1)
	}()
	return provider.MainContext(ctx, "aws", func(host *provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
		return bridge.NewServer(ctx, t, child, files, host)
	})
}

// awaitOrphaned returns when the process that started this one, parent, has ended: a CLI that was killed does not end
// its plugins.
func awaitOrphaned(parent int) {
	for os.Getppid() == parent {
		time.Sleep(time.Second)
	}
}
