// Package verification makes the checks of `gatehouse verify` for the sandbox's stack.
package verification

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/gatehouse-iac/gatehouse/internal/rotatorclient"
	"github.com/gatehouse-iac/gatehouse/internal/verify"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/localclient"
)

// deliveryTimeout is far above the seconds after which the sandbox's CloudFront delivers access
// logs.
const deliveryTimeout = time.Minute

// New returns the checks of a stack with these outputs, as `pulumi stack output --json` writes
// them, in the sandbox's cloud. The configuration has the credentials of whom the checks call
// AWS as. The progress of a rotation is written to out.
func New(outputs string, cloud awsserver.Cloud, config aws.Config, out io.Writer) (*verify.Suite, error) {
	read, err := verify.ReadOutputs(strings.NewReader(outputs))
	if err != nil {
		return nil, err
	}
	rotator, err := rotatorclient.ReadOutputs(strings.NewReader(outputs))
	if err != nil {
		return nil, err
	}
	to, err := connections(cloud)
	if err != nil {
		return nil, err
	}
	suite := &verify.Suite{
		Outputs: read, Addresses: read.Addresses(to), LogTimeout: verify.DefaultLogTimeout, Now: time.Now,
		Rotator: rotatorclient.Client{API: lambda.NewFromConfig(config), Stack: rotator, Out: out},
		Alarms:  verify.NewCloudWatchAlarms(cloud.Endpoint(), config.Region, config.Credentials.Retrieve),
		Logs:    verify.CloudWatchLogs{API: cloudwatchlogs.NewFromConfig(config)},
	}
	if read.ClientsTable != "" {
		suite.Clients = verify.NewTableClients(localclient.TableAs(config, cloud.Endpoint(), read.ClientsTable), time.Now)
	}
	if read.AccessLogsBucket != "" {
		suite.Wait = deliveryTimeout
		if suite.AccessLogs, err = verify.NewBucketLogs(s3.NewFromConfig(config), read); err != nil {
			return nil, err
		}
	}
	return suite, nil
}

// connections lead from the names of the stack's servers to the ports of the sandbox's, as the
// Makefile's do.
func connections(cloud awsserver.Cloud) (to verify.Connections, err error) {
	for _, one := range []struct{ from, to string }{
		{"https://*", awsserver.URL(cloud.Ports.Distribution)}, {"https://*.execute-api.*", awsserver.URL(cloud.Ports.API)}, {"http://*", cloud.Endpoint()},
	} {
		if err := to.Set(one.from + "=" + one.to); err != nil {
			return nil, fmt.Errorf("%s: %w", one.from, err)
		}
	}
	return to, nil
}
