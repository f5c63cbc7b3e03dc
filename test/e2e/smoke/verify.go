package smoke

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorclient"
	"github.com/gatehouse-iac/gatehouse/internal/verify"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/localclient"
)

// verification returns the checks of `gatehouse verify`, which any stack gets.
func verification(ctx context.Context, e *env.Environment, doing func(string)) ([]check.Check, error) {
	_, outputs, err := e.Stack.Outputs(ctx)
	if err != nil {
		return nil, err
	}
	suite, err := suiteOf(e, outputs, doing)
	if err != nil {
		return nil, err
	}
	checks := suite.Checks()
	for i, c := range checks {
		if c.Name == verify.AlarmsCheck {
			checks[i].LeftOut = "the tests on the sandbox cause alarms"
		}
	}
	return checks, nil
}

func suiteOf(e *env.Environment, outputs string, doing func(string)) (*verify.Suite, error) {
	read, err := verify.ReadOutputs(strings.NewReader(outputs))
	if err != nil {
		return nil, err
	}
	rotator, err := rotatorclient.ReadOutputs(strings.NewReader(outputs))
	if err != nil {
		return nil, err
	}
	endpoint := e.Servers.Cloud.Endpoint()
	config := awsclient.Config(endpoint)
	suite := &verify.Suite{
		Outputs: read,
		Addresses: verify.Addresses{
			Viewer: verify.Address{URL: e.DistributionURL()}, Plain: verify.Address{URL: endpoint, Host: e.Outputs["distributionDomainName"]},
			API: verify.Address{URL: e.APIURL()}, Stream: verify.Address{URL: e.StreamURL(), Host: e.StreamHost()},
		},
		Rotator: rotatorclient.Client{API: lambda.NewFromConfig(config), Stack: rotator, Out: lines(doing)},
		Alarms:  verify.NewCloudWatchAlarms(endpoint, config.Region, config.Credentials.Retrieve),
		Logs:    verify.CloudWatchLogs{API: cloudwatchlogs.NewFromConfig(config)}, LogTimeout: verify.DefaultLogTimeout,
	}
	if read.ClientsTable != "" {
		suite.Clients = verify.NewTableClients(localclient.Table(endpoint, read.ClientsTable), time.Now)
	}
	return suite, nil
}

// lines passes on what is written, as what is under way.
type lines func(string)

// Write implements [io.Writer].
func (l lines) Write(text []byte) (int, error) {
	l(strings.TrimSpace(string(text)))
	return len(text), nil
}
