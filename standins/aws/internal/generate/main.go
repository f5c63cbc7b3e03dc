// Command generate writes the table of tokens and differing properties. Run it in the module's folder after a
// change of the SDK's or the provider's version:
//
//	go run ./internal/generate
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/proto"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/derive"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/mirror"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/sdk"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/terraform"
)

// services lists the packages of the SDK that the program uses or may use later; "." has the provider.
var services = []string{
	".", "acm", "apigateway", "apigatewayv2", "bedrock", "cloudfront", "cloudwatch", "dynamodb", "ec2", "iam", "kms", "lambda", "lb", "resourcegroups",
	"route53", "s3", "scheduler", "sns", "sqs", "ssm", "vpc", "wafv2",
}

var exceptions = derive.Exceptions{
	"aws:bedrock/agentDataSource:AgentDataSource":                           "aws_bedrockagent_data_source",
	"aws:ec2/getElasticIp:getElasticIp":                                     "aws_eip",
	"aws:ssm/contactsRotation:ContactsRotation":                             "aws_ssmcontacts_rotation",
	"aws:ssm/quicksetupConfigurationManager:QuicksetupConfigurationManager": "aws_ssmquicksetup_configuration_manager",

	// An older generation of buckets, which pulumi-aws adds to Terraform's provider. BucketV2 is served.
	"aws:s3/bucket:Bucket": "",

	// Misspelt names that the SDK keeps for compatibility.
	"aws:ec2/getVpcIamPool:getVpcIamPool":           "",
	"aws:ec2/getVpcIamPoolCidrs:getVpcIamPoolCidrs": "",
	"aws:ec2/getVpcIamPools:getVpcIamPools":         "",
}

func main() {
	text, err := generate(context.Background())
	if err == nil {
		err = os.WriteFile(filepath.FromSlash("internal/table/table.json"), text, 0o644) //nolint:gosec // it is source
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func generate(ctx context.Context) ([]byte, error) {
	found, err := mirror.Here().Find()
	if err != nil {
		return nil, err
	}
	provider, err := terraform.Start(ctx, found)
	if err != nil {
		return nil, err
	}
	defer provider.Close() //nolint:errcheck // nothing was changed through it
	packages, err := parse(ctx)
	if err != nil {
		return nil, err
	}
	t, err := derive.Table(packages, proto.New(ctx, provider), exceptions)
	if err != nil {
		return nil, err
	}
	return t.Encode(), nil
}

// parse reads the SDK of the version in go.mod.
func parse(ctx context.Context) ([]*sdk.Package, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", "github.com/pulumi/pulumi-aws/sdk/v6")
	cmd.Stderr = os.Stderr
	answer, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("get the SDK's source (%s): %w", cmd, err)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(answer, &module); err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", cmd, err)
	}
	var packages []*sdk.Package
	for _, service := range services {
		p, err := sdk.Parse(filepath.Join(module.Dir, "go", "aws", service))
		if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
	return packages, nil
}
