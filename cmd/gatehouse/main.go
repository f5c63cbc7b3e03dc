// Command gatehouse is for operators of a stack. It finds out why the stack can't be
// deployed, checks a deployed stack from outside, rotates and revokes its origin key, shows
// the status of the rotation, and makes, changes and shows the API's clients.
//
// The doctor is run in the project's folder, in the shell that failed:
//
//	go run ./cmd/gatehouse doctor -stack prod
//
// The other subcommands read the stack's outputs from standard input, and use the
// credentials and the region of the environment:
//
//	pulumi stack output --json --stack prod | go run ./cmd/gatehouse status
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorclient"
)

const usage = `usage: gatehouse doctor -stack NAME [-pulumi COMMAND]
       pulumi stack output --json | gatehouse rotate|revoke [-through KEY]
       pulumi stack output --json | gatehouse status
       pulumi stack output --json | gatehouse client SUBCOMMAND …
       pulumi stack output --json | gatehouse verify [-json] [-junit FILE] [-rotate] [-revoke] [-wait DURATION]

  doctor   find out why a stack can't be deployed, and what to do; changes nothing
  rotate   put a new key into use; the old one stays valid until no request can carry it
  revoke   put a new key into use and delete every older one; requests that are under way
           may be rejected, streams that have begun go on
  status   show the keys, which one is in use, and what comes next
  client   make, change and show the API's clients, their keys, budgets and usage: gatehouse client
  verify   check the deployed stack from outside; changes nothing but a client that it makes and deletes

  -stack NAME       the name of the stack
  -pulumi COMMAND   the command that runs Pulumi
  -through KEY      continue a rotate or revoke that was interrupted`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], systemConsole()); err != nil {
		fmt.Fprintln(os.Stderr, "gatehouse:", err)
		os.Exit(1)
	}
}

// run runs the command with these arguments.
func run(ctx context.Context, args []string, c console) error {
	if len(args) > 0 {
		switch args[0] {
		case "client":
			return runClient(ctx, args[1:], c)
		case "verify":
			return runVerify(ctx, args[1:], c)
		}
	}
	return command(ctx, args, c.in, c.out)
}

// command runs the subcommands about the stack's deployment and its origin key.
func command(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	name, args := args[0], args[1:]
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	parse := func() error {
		if err := flags.Parse(args); err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, usage)
		}
		if flags.NArg() > 0 {
			return fmt.Errorf("%s: unexpected arguments %q\n%s", name, flags.Args(), usage)
		}
		return nil
	}
	switch name {
	case "doctor":
		stack := flags.String("stack", "", "")
		pulumi := flags.String("pulumi", "pulumi", "")
		if err := parse(); err != nil {
			return err
		}
		if *stack == "" {
			return fmt.Errorf("doctor: -stack is required\n%s", usage)
		}
		return runDoctor(ctx, *stack, *pulumi, out)
	case "rotate", "revoke":
		through := flags.String("through", "", "")
		if err := parse(); err != nil {
			return err
		}
		o, err := newRotatorClient(ctx, in, out)
		if err != nil {
			return err
		}
		return o.Request(ctx, rotatorapi.Action(name), keyring.Name(*through))
	case "status":
		if err := parse(); err != nil {
			return err
		}
		o, err := newRotatorClient(ctx, in, out)
		if err != nil {
			return err
		}
		return showStatus(ctx, o)
	}
	return fmt.Errorf("unknown subcommand %q\n%s", name, usage)
}

func newRotatorClient(ctx context.Context, in io.Reader, out io.Writer) (rotatorclient.Client, error) {
	stack, err := rotatorclient.ReadOutputs(in)
	if err != nil {
		return rotatorclient.Client{}, err
	}
	sdk, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return rotatorclient.Client{}, fmt.Errorf("configure the AWS SDK: %w", err)
	}
	return rotatorclient.Client{API: lambda.NewFromConfig(sdk), Stack: stack, Out: out}, nil
}
