// Command rotation lets people rotate and revoke the origin key of a stack, and see
// how its rotation stands.
//
// It reads what `pulumi stack output --json` writes, and uses the credentials and
// the region of the environment:
//
//	pulumi stack output --json | go run ./internal/cmd/rotation status
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

const usage = `usage: pulumi stack output --json | rotation [-through KEY] rotate|revoke|status

  rotate   put a new key into use; the old one stays valid until no request can carry it
  revoke   put a new key into use and delete every older one, at the price of refused
           requests that are on their way
  status   show the keys, which one is in use, and what comes next

  -through KEY   go on with a rotate or revoke that was interrupted

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "rotation:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	action, through, err := parseArgs(args)
	if err != nil {
		return err
	}
	stack, err := readOutputs(in)
	if err != nil {
		return err
	}
	sdk, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("configure the AWS SDK: %w", err)
	}
	o := operator{api: lambda.NewFromConfig(sdk), stack: stack, out: out}
	if action == "status" {
		return o.status(ctx)
	}
	return o.request(ctx, action, through)
}

func parseArgs(args []string) (action, through string, err error) {
	flags := flag.NewFlagSet("rotation", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&through, "through", "", "")
	if err := flags.Parse(args); err != nil {
		return "", "", fmt.Errorf("%w\n%s", err, usage)
	}
	action = flags.Arg(0)
	if flags.NArg() != 1 || !slices.Contains([]string{"rotate", "revoke", "status"}, action) || action == "status" && through != "" {
		return "", "", fmt.Errorf("arguments %q\n%s", args, usage)
	}
	return action, through, nil
}
