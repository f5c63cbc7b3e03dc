package derive

import (
	"testing"

	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/schema"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/sdk"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
)

var (
	text     = sdk.Type{Kind: sdk.String}
	optional = sdk.Type{Kind: sdk.String, Optional: true}
	number   = sdk.Type{Kind: sdk.Number}
)

func listOf(t sdk.Type) sdk.Type { return sdk.Type{Kind: sdk.List, Element: &t} }

func object(properties map[string]sdk.Type) *sdk.Object { return &sdk.Object{Properties: properties} }

func attribute(t shim.ValueType, s schema.Schema) shim.Schema {
	s.Type = t
	s.Optional = !s.Required
	return s.Shim()
}

func resource(attributes map[string]shim.Schema) shim.Resource {
	return (&schema.Resource{Schema: schema.SchemaMap(attributes)}).Shim()
}

func provider(resources map[string]shim.Resource) shim.Provider {
	all := schema.ResourceMap{}
	for name, r := range resources {
		all[name] = r
	}
	return (&schema.Provider{ResourcesMap: all, DataSourcesMap: schema.ResourceMap{}, Schema: schema.SchemaMap{}}).Shim()
}

func TestTable(t *testing.T) {
	function := resource(map[string]shim.Schema{
		"id":            attribute(shim.TypeString, schema.Schema{}),
		"function_name": attribute(shim.TypeString, schema.Schema{Required: true}),
		"filename":      attribute(shim.TypeString, schema.Schema{}),
		"memory_size":   attribute(shim.TypeFloat, schema.Schema{}),
		"policy":        attribute(shim.TypeString, schema.Schema{}),
		"delay":         attribute(shim.TypeString, schema.Schema{}),
		"layers":        attribute(shim.TypeList, schema.Schema{Elem: attribute(shim.TypeString, schema.Schema{})}),
		"vpc_config": attribute(shim.TypeList, schema.Schema{MaxItems: 1, Elem: resource(map[string]shim.Schema{
			"subnet_ids": attribute(shim.TypeList, schema.Schema{Elem: attribute(shim.TypeString, schema.Schema{})}),
			"rule":       attribute(shim.TypeList, schema.Schema{MaxItems: 1, Elem: attribute(shim.TypeString, schema.Schema{})}),
		})}),
		"timeouts": attribute(shim.TypeMap, schema.Schema{}),
	})
	packages := []*sdk.Package{{Resources: map[string]*sdk.Object{
		"aws:lambda/function:Function": object(map[string]sdk.Type{
			"name": optional, "code": {Kind: sdk.Archive}, "memorySize": number, "policy": {Kind: sdk.Any},
			"delay": number, "layers": listOf(text),
			"vpcConfig": {Kind: sdk.Struct, Object: object(map[string]sdk.Type{
				"subnetIds": listOf(text), "rules": listOf(text),
			})},
		}),
	}}}
	derived, err := Table(packages, provider(map[string]shim.Resource{
		"aws_lambda_function":     function,
		"aws_lambda_function_url": resource(map[string]shim.Schema{"function_name": attribute(shim.TypeString, schema.Schema{})}),
		"aws_cloudfront_function": resource(map[string]shim.Schema{"code": attribute(shim.TypeString, schema.Schema{})}),
	}), nil)
	require.NoError(t, err)

	no := false
	assert.Equal(t, map[string]*table.Entry{"aws:lambda/function:Function": {
		Terraform: "aws_lambda_function",
		Fields: table.Fields{
			"function_name": {Name: "name", Auto: true},
			"filename":      {Name: "code", Kind: table.Archive},
			"policy":        {Kind: table.Any},
			"delay":         {Kind: table.Number},
			"vpc_config":    {Fields: table.Fields{"rule": {Single: &no}}},
		},
	}}, derived.Resources)
}

func TestTableUnrollsTypesThatContainThemselves(t *testing.T) {
	inner := resource(map[string]shim.Schema{"limit": attribute(shim.TypeFloat, schema.Schema{})})
	outer := resource(map[string]shim.Schema{
		"limit": attribute(shim.TypeFloat, schema.Schema{}),
		"not":   attribute(shim.TypeList, schema.Schema{MaxItems: 1, Elem: inner}),
	})
	statement := object(map[string]sdk.Type{"limit": number})
	statement.Properties["not"] = sdk.Type{Kind: sdk.Struct, Object: statement}
	_, err := Table([]*sdk.Package{{Resources: map[string]*sdk.Object{
		"aws:wafv2/acl:Acl": object(map[string]sdk.Type{"statement": {Kind: sdk.Struct, Object: statement}}),
	}}}, provider(map[string]shim.Resource{"aws_wafv2_acl": resource(map[string]shim.Schema{
		"statement": attribute(shim.TypeList, schema.Schema{MaxItems: 1, Elem: outer}),
	})}), nil)
	require.NoError(t, err)
}

func TestTableNamesWhatIsLost(t *testing.T) {
	queue := resource(map[string]shim.Schema{
		"name": attribute(shim.TypeString, schema.Schema{}), "url": attribute(shim.TypeString, schema.Schema{}),
	})
	packages := []*sdk.Package{{Resources: map[string]*sdk.Object{
		"aws:sqs/queue:Queue":   object(map[string]sdk.Type{"name": text, "url": text, "colour": number}),
		"aws:sqs/ghost:Ghost":   object(map[string]sdk.Type{"name": text}),
		"aws:sqs/legacy:Legacy": object(map[string]sdk.Type{"other": text}),
		"aws:sqs/alias:Alias":   object(map[string]sdk.Type{"url": text}),
	}}}
	_, err := Table(packages, provider(map[string]shim.Resource{"aws_sqs_queue": queue}),
		Exceptions{"aws:sqs/legacy:Legacy": "", "aws:sqs/alias:Alias": "aws_sqs_queue"})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "for:\n  aws:sqs/ghost:Ghost\n  aws:sqs/queue:Queue colour\n")
}
