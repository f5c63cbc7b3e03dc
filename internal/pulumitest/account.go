package pulumitest

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// The mocked AWS account.
const (
	AccountID = "123456789012"
	OriginKey = "dGhlLWtleS1pbi1jbGVhci1vZi10aGUtb3duLXJpbmc" // of the keyring, and settled long ago
)

// state returns a resource's state as the mocked provider does: its inputs, and the
// outputs that the program uses.
func state(args pulumi.MockResourceArgs) resource.PropertyMap {
	out := maps.Clone(args.Inputs)
	set := func(key, format string, values ...any) {
		out[resource.PropertyKey(key)] = resource.NewProperty(fmt.Sprintf(format, values...))
	}
	if _, named := out["name"]; !named && args.Custom {
		set("name", "%s", args.Name)
	}
	set("arn", "arn:aws:mock:::%s/%s", args.TypeToken[strings.LastIndex(args.TypeToken, ":")+1:], args.Name)
	switch args.TypeToken {
	case "aws:lambda/function:Function":
		set("invokeArn", "arn:aws:apigateway:invoke/%s", args.Name)
		set("qualifiedArn", "arn:aws:mock:::Function/%s:1", args.Name)
	case "aws:lambda/invocation:Invocation":
		set("result", `{"name":"20260131T235959.123Z-00000000"}`)
	case "aws:apigatewayv2/api:Api":
		set("apiEndpoint", "https://abcdef1234.execute-api.eu-west-1.amazonaws.com")
		set("executionArn", "arn:aws:execute-api:eu-west-1:%s:abcdef1234", AccountID)
	case "aws:apigateway/restApi:RestApi":
		set("executionArn", "arn:aws:execute-api:eu-west-1:%s:fedcba4321", AccountID)
	case "aws:apigateway/stage:Stage":
		set("invokeUrl", "https://fedcba4321.execute-api.eu-west-1.amazonaws.com/%s", out["stageName"].StringValue())
	case "aws:cloudfront/distribution:Distribution":
		set("domainName", "d111111abcdef8.cloudfront.net")
		set("hostedZoneId", "Z2FDTNDATAQYW2")
	case "aws:lb/loadBalancer:LoadBalancer":
		set("dnsName", "internal-inference.eu-west-1.elb.amazonaws.com")
	case "aws:ec2/vpc:Vpc":
		if assigned, ok := out["assignGeneratedIpv6CidrBlock"]; ok && assigned.BoolValue() {
			set("ipv6CidrBlock", "2001:db8:1234:1a00::/56")
		}
	case "aws:ec2/vpcEndpoint:VpcEndpoint":
		if out["vpcEndpointType"].StringValue() == "Gateway" {
			set("prefixListId", "pl-of-%s", args.Name)
		}
	case "aws:acm/certificate:Certificate":
		out["domainValidationOptions"] = validationOptions(out)
	case "aws:route53/record:Record":
		out["fqdn"] = out["name"]
	case "aws:kms/key:Key":
		set("keyId", "11111111-2222-3333-4444-555555555555")
	}
	maps.Copy(out, vaultOutputs(args.TypeToken, args.Inputs))
	return out
}

// lookup returns the result of a function of the mocked providers.
func lookup(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	switch args.Token {
	case "aws:index/getCallerIdentity:getCallerIdentity":
		return resource.PropertyMap{"accountId": resource.NewProperty(AccountID)}, nil
	case "aws:index/getPartition:getPartition":
		return resource.PropertyMap{"partition": resource.NewProperty("aws")}, nil
	case "aws:cloudfront/getCachePolicy:getCachePolicy", "aws:cloudfront/getOriginRequestPolicy:getOriginRequestPolicy":
		name := args.Args["name"].StringValue()
		return resource.PropertyMap{"id": resource.NewProperty("id-of-" + name), "name": resource.NewProperty(name)}, nil
	case "aws:ssm/getParametersByPath:getParametersByPath":
		return keyringParameters(args.Args["path"].StringValue()), nil
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
	case "aws:ec2/getPrefixList:getPrefixList":
		return resource.PropertyMap{"id": resource.NewProperty("pl-of-" + args.Args["name"].StringValue())}, nil
	case "aws:ec2/getSubnet:getSubnet":
		return existingSubnet(args.Args["id"].StringValue())
	case "vault:pkiSecret/getBackendIssuer:getBackendIssuer":
		return existingIssuer(args.Args["backend"].StringValue(), args.Args["issuerRef"].StringValue())
	default:
		return nil, fmt.Errorf("the mocked providers know no %s: add it to pulumitest", args.Token)
	}
}

// keyringParameters returns the parameters below a path: [OriginKey], a key that was
// created a moment ago, and a parameter that is no key.
func keyringParameters(path string) resource.PropertyMap {
	now := time.Now()
	settled := keyring.NewName(now.Add(-time.Hour), [keyring.NonceSize]byte{1})
	fresh := keyring.NewName(now.Add(-time.Second), [keyring.NonceSize]byte{2})
	return resource.PropertyMap{
		"names":  stringArray(path+"/"+string(settled), path+"/"+string(fresh), path+"/note"),
		"values": stringArray(OriginKey, keyring.NewValue([keyring.ValueSize]byte{2}).Reveal(), "no key"),
	}
}

// The application inference profiles of the mocked account, in eu-west-1.
const (
	ChatProfileARN      = "arn:aws:bedrock:eu-west-1:" + AccountID + ":application-inference-profile/a1b2c3d4e5f6"
	EmbeddingProfileARN = "arn:aws:bedrock:eu-west-1:" + AccountID + ":application-inference-profile/f6e5d4c3b2a1"
)

// copiedFrom maps the application inference profiles to the cross-region inference
// profiles that they were created from.
var copiedFrom = map[string]string{
	ChatProfileARN:      "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
	EmbeddingProfileARN: "eu.cohere.embed-v4:0",
}

// inferenceProfile returns an inference profile of the mocked region, eu-west-1, for one
// geography or all: its models are in no order.
func inferenceProfile(id string) (resource.PropertyMap, error) {
	if source, application := copiedFrom[id]; application {
		found, err := inferenceProfile(source)
		if err == nil {
			found["inferenceProfileArn"] = resource.NewProperty(id)
		}
		return found, err
	}
	geography, model, _ := strings.Cut(id, ".")
	regions, known := map[string][]string{"eu": {"eu-west-1", "eu-central-1"}, "global": {"eu-west-1", ""}}[geography]
	if !known || strings.Contains(model, "absent") {
		return nil, fmt.Errorf("the mocked AWS account has no inference profile %s", id)
	}
	var models []resource.PropertyValue
	for _, region := range regions {
		models = append(models, resource.NewProperty(resource.PropertyMap{
			"modelArn": resource.NewProperty(fmt.Sprintf("arn:aws:bedrock:%s::foundation-model/%s", region, model)),
		}))
	}
	return resource.PropertyMap{
		"inferenceProfileArn": resource.NewProperty(fmt.Sprintf("arn:aws:bedrock:eu-west-1:%s:inference-profile/%s", AccountID, id)),
		"models":              resource.NewProperty(models),
	}, nil
}
