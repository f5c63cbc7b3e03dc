package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/gatehouse-iac/gatehouse/internal/diagnosis"
)

// checkConcurrency warns if streams can take all executions of functions that the account
// has. The stack can be deployed all the same, and what can't be read is no error: the
// deploying role needs no permission for it.
func (d doctor) checkConcurrency(ctx context.Context) {
	s, err := d.settings(ctx)
	if err == nil && !s.streams() {
		return
	}
	var found diagnosis.Concurrency
	if err == nil {
		found, err = concurrency(ctx, s["aws:region"].Value, s["aws:profile"].Value)
	}
	if err != nil {
		fmt.Fprintf(d.out, "– concurrency: not checked: %v\n", err)
		return
	}
	findings := found.Streams(s.reserved())
	for _, f := range findings {
		fmt.Fprintf(d.out, "! concurrency: %s\n", f)
	}
	if len(findings) == 0 {
		fmt.Fprintf(d.out, "✓ concurrency: %d functions may run at once, of which %d are not reserved\n", found.Limit, found.Unreserved)
	}
}

// settings holds a stack's configuration as `pulumi config --json` prints it. Secrets have
// no value in it.
type settings map[string]struct{ Value string }

func (d doctor) settings(ctx context.Context) (settings, error) {
	stdout, _, err := d.run(ctx, "config", "--json", "--stack", d.stack)
	if err != nil {
		return nil, fmt.Errorf("read the stack's configuration: %w", err)
	}
	var s settings
	if err := json.Unmarshal(stdout, &s); err != nil {
		return nil, fmt.Errorf("read the stack's configuration: %w", err)
	}
	return s, nil
}

// streams reports whether the stack streams, which is the default.
func (s settings) streams() bool { return s["gatehouse:streamingEnabled"].Value != "false" }

// reserved returns the executions that are reserved for streams, zero for none.
func (s settings) reserved() int {
	n, err := strconv.Atoi(s["gatehouse:streamingReservedConcurrency"].Value)
	if err != nil {
		return 0 // the default, since the preview accepts the settings
	}
	return n
}

// concurrency returns the quota of the account in a Region.
func concurrency(ctx context.Context, region, profile string) (diagnosis.Concurrency, error) {
	sdk, err := loadAWS(ctx, region, profile)
	if err != nil {
		return diagnosis.Concurrency{}, err
	}
	account, err := lambda.NewFromConfig(sdk).GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return diagnosis.Concurrency{}, err
	}
	if account.AccountLimit == nil {
		return diagnosis.Concurrency{}, errors.New("AWS returned no quota")
	}
	return diagnosis.Concurrency{
		Limit:      int(account.AccountLimit.ConcurrentExecutions),
		Unreserved: int(aws.ToInt32(account.AccountLimit.UnreservedConcurrentExecutions)),
	}, nil
}
