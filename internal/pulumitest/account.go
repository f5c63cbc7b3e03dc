package pulumitest

import (
	"fmt"
	"maps"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// What the mocked AWS account is, and makes.
const (
	AccountID = "123456789012"
	OriginKey = "dGhlLWtleS1pbi1jbGVhci1vZi10aGUtb3duLXJpbmc" // of the ring, and settled long ago
)

// state is what the mocked provider returns for a resource: its inputs, and those
// outputs that the program uses.
func state(args pulumi.MockResourceArgs) resource.PropertyMap {
	out := maps.Clone(args.Inputs)
	text := func(key, format string, values ...any) {
		out[resource.PropertyKey(key)] = resource.NewProperty(fmt.Sprintf(format, values...))
	}
	if _, named := out["name"]; !named && args.Custom {
		text("name", "%s", args.Name)
	}
	text("arn", "arn:aws:mock:::%s/%s", args.TypeToken[strings.LastIndex(args.TypeToken, ":")+1:], args.Name)
	switch args.TypeToken {
	case "aws:lambda/function:Function":
		text("invokeArn", "arn:aws:apigateway:invoke/%s", args.Name)
		text("qualifiedArn", "arn:aws:mock:::Function/%s:1", args.Name)
	case "aws:lambda/invocation:Invocation":
		text("result", `{"name":"20260131T235959.123Z-00000000"}`)
	case "aws:apigatewayv2/api:Api":
		text("apiEndpoint", "https://abcdef1234.execute-api.eu-west-1.amazonaws.com")
		text("executionArn", "arn:aws:execute-api:eu-west-1:%s:abcdef1234", AccountID)
	case "aws:cloudfront/distribution:Distribution":
		text("domainName", "d111111abcdef8.cloudfront.net")
		text("hostedZoneId", "Z2FDTNDATAQYW2")
	case "aws:lb/loadBalancer:LoadBalancer":
		text("dnsName", "internal-inference.eu-west-1.elb.amazonaws.com")
	case "aws:ec2/vpc:Vpc":
		if assigned, ok := out["assignGeneratedIpv6CidrBlock"]; ok && assigned.BoolValue() {
			text("ipv6CidrBlock", "2001:db8:1234:1a00::/56")
		}
	case "aws:acm/certificate:Certificate":
		out["domainValidationOptions"] = validationOptions(out)
	case "aws:route53/record:Record":
		out["fqdn"] = out["name"]
	case "aws:kms/key:Key":
		text("keyId", "11111111-2222-3333-4444-555555555555")
	}
	maps.Copy(out, vaultOutputs(args.TypeToken, args.Inputs))
	return out
}

// answer is what the mocked provider returns for a look-up.
func answer(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	switch args.Token {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		return resource.PropertyMap{"accountId": resource.NewProperty(AccountID)}, nil
	case "aws:index/getPartition:getPartition":
		return resource.PropertyMap{"partition": resource.NewProperty("aws")}, nil
	case "aws:cloudfront/getCachePolicy:getCachePolicy", "aws:cloudfront/getOriginRequestPolicy:getOriginRequestPolicy":
		name := args.Args["name"].StringValue()
		return resource.PropertyMap{"id": resource.NewProperty("id-of-" + name), "name": resource.NewProperty(name)}, nil
	case "aws:ssm/getParametersByPath:getParametersByPath":
		return ring(args.Args["path"].StringValue()), nil
	case "aws:bedrock/getInferenceProfile:getInferenceProfile":
		return inferenceProfile(args.Args["inferenceProfileId"].StringValue())
	case "aws:index/getAvailabilityZones:getAvailabilityZones":
		return availabilityZones(), nil
	case "aws:route53/getZone:getZone":
		return zone(args.Args["zoneId"].StringValue())
	case "aws:ec2/getVpc:getVpc":
		return existingVPC(args.Args["id"].StringValue()), nil
	case "aws:ec2/getVpcEndpointService:getVpcEndpointService":
		return endpointService(args.Args["service"].StringValue()), nil
	case "aws:ec2/getSubnet:getSubnet":
		return existingSubnet(args.Args["id"].StringValue())
	case "vault:pkiSecret/getBackendIssuer:getBackendIssuer":
		return existingIssuer(args.Args["backend"].StringValue(), args.Args["issuerRef"].StringValue())
	default:
		return nil, fmt.Errorf("the mocked providers know no %s: add it to pulumitest", args.Token)
	}
}
