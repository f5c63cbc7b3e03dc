package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/gatehouse-iac/gatehouse/internal/awsjson"
	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorclient"
	"github.com/gatehouse-iac/gatehouse/internal/verify"
)

const verifyUsage = `usage: pulumi stack output --json | gatehouse verify [-json] [-junit FILE] [-rotate] [-revoke] [-wait DURATION]

  Checks the deployed stack from outside: that CloudFront is the only way to the API, what
  the edge rejects, that the model answers and streams, clients, rotation, alarms and logs.
  It makes a client with a budget of 5 cents, and deletes it in the end. The status is 1 if
  a check failed.

  -json         write the results as JSON
  -junit FILE   write them to a file as a JUnit report too
  -rotate       put a new origin key into use, with requests under way
  -revoke       put a new one into use and delete every older one at once
  -wait DURATION
                wait until CloudFront has delivered the line of a request to the access logs,
                at most so long, such as 30m
  -connect-to SCHEME://HOST=URL
                send requests for a host, or a pattern of hosts, to another server, for names
                that no DNS has; may be given several times`

// errNotVerified is the error for a stack of which a check failed.
var errNotVerified = errors.New("not all checks passed")

// closeTimeout is the time for deleting the client after an interruption.
const closeTimeout = 30 * time.Second

// verifyFlags are the flags of `gatehouse verify`.
type verifyFlags struct {
	json           bool
	junit          string
	rotate, revoke bool
	wait           time.Duration
	connections    verify.Connections
}

func parseVerifyFlags(args []string) (verifyFlags, error) {
	var f verifyFlags
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&f.json, "json", false, "")
	flags.StringVar(&f.junit, "junit", "", "")
	flags.BoolVar(&f.rotate, "rotate", false, "")
	flags.BoolVar(&f.revoke, "revoke", false, "")
	flags.DurationVar(&f.wait, "wait", 0, "")
	flags.Var(&f.connections, "connect-to", "")
	if err := flags.Parse(args); err != nil {
		return f, fmt.Errorf("verify: %w\n%s", err, verifyUsage)
	}
	if flags.NArg() > 0 {
		return f, fmt.Errorf("verify: unexpected arguments %q\n%s", flags.Args(), verifyUsage)
	}
	if f.wait < 0 {
		return f, fmt.Errorf("verify: -wait is %s; it must not be negative\n%s", f.wait, verifyUsage)
	}
	return f, nil
}

// runVerify checks the stack whose outputs are on the standard input.
func runVerify(ctx context.Context, args []string, c console) error {
	f, err := parseVerifyFlags(args)
	if err != nil {
		return err
	}
	suite, err := newSuite(ctx, c, f)
	if err != nil {
		return err
	}
	return c.verify(ctx, suite, f)
}

// verify runs the checks, and writes their results also if the client that they made can't be
// deleted, or if they are interrupted.
func (c console) verify(ctx context.Context, suite *verify.Suite, f verifyFlags) error {
	results := check.Run(ctx, suite.Checks(), c.showProgress)
	c.showProgress("")
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	left := suite.Close(closing)
	return errors.Join(outcome(ctx, results), writeResults(c.out, results, f, suite.Outputs), left)
}

// outcome returns an error if the checks were interrupted, or if one failed.
func outcome(ctx context.Context, results []check.Result) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !check.Passed(results):
		return errNotVerified
	}
	return nil
}

// showProgress shows what is under way, on a terminal.
func (c console) showProgress(name string) {
	switch {
	case !isTerminal(c.errOut):
	case name == "":
		_, _ = fmt.Fprint(c.errOut, "\r\033[K")
	default:
		_, _ = fmt.Fprintf(c.errOut, "\r\033[K… %s", name)
	}
}

// writeResults writes the report that the flags ask for, and the JUnit report beside it.
func writeResults(out io.Writer, results []check.Result, f verifyFlags, o verify.Outputs) error {
	junit := writeJUnit(results, f.junit, o)
	if f.json {
		return errors.Join(junit, check.WriteJSON(out, results, o.RunbookURL))
	}
	check.PrintTable(out, results, o.RunbookURL)
	n := check.Count(results)
	_, err := fmt.Fprintf(out, "\n%d passed, %d failed, %d left out\n", n.Passed, n.Failed, n.LeftOut)
	return errors.Join(junit, err)
}

// writeJUnit writes the results to a file, if one is named.
func writeJUnit(results []check.Result, file string, o verify.Outputs) error {
	if file == "" {
		return nil
	}
	var report bytes.Buffer
	if err := check.WriteJUnit(&report, results, o.NamePrefix, o.RunbookURL); err != nil {
		return err
	}
	if err := os.WriteFile(file, report.Bytes(), 0o644); err != nil {
		return fmt.Errorf("verify: -junit: %w", err)
	}
	return nil
}

// newSuite returns the checks with the credentials and the region of the environment.
func newSuite(ctx context.Context, c console, f verifyFlags) (*verify.Suite, error) {
	content, err := io.ReadAll(c.in)
	if err != nil {
		return nil, err
	}
	outputs, err := verify.ReadOutputs(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	rotator, err := rotatorclient.ReadOutputs(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	sdk, err := loadConfig(ctx)
	if err != nil {
		return nil, err
	}
	suite := &verify.Suite{
		Outputs: outputs, Addresses: outputs.Addresses(f.connections), Rotate: f.rotate, Revoke: f.revoke, Wait: f.wait, Now: c.now,
		Rotator: rotatorclient.Client{API: lambda.NewFromConfig(sdk), Stack: rotator, Out: c.errOut},
		Alarms:  verify.NewCloudWatchAlarms(awsjson.Endpoint(os.Getenv, "monitoring", sdk.Region), sdk.Region, sdk.Credentials.Retrieve),
		Logs:    verify.CloudWatchLogs{API: cloudwatchlogs.NewFromConfig(sdk)}, LogTimeout: verify.DefaultLogTimeout,
	}
	if outputs.ClientsTable != "" {
		suite.Clients = verify.NewTableClients(openTable(sdk, outputs.ClientsTable), c.now)
	}
	if outputs.AccessLogsBucket != "" && f.wait > 0 {
		// Objects that CloudFront writes may have no checksum, which is nothing to report.
		api := s3.NewFromConfig(sdk, func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true })
		if suite.AccessLogs, err = verify.NewBucketLogs(api, outputs); err != nil {
			return nil, err
		}
	}
	return suite, nil
}

// loadConfig returns the environment's configuration of the SDK, which has a region.
func loadConfig(ctx context.Context) (aws.Config, error) {
	sdk, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return sdk, fmt.Errorf("configure the AWS SDK: %w", err)
	}
	if sdk.Region == "" {
		return sdk, errors.New("no region is configured: set AWS_REGION to that of the stack")
	}
	return sdk, nil
}
