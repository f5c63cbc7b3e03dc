package bridge

import (
	"testing"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
)

func TestAutoName(t *testing.T) {
	optional := (&schema.Schema{Type: shim.TypeString, Optional: true}).Shim()
	required := (&schema.Schema{Type: shim.TypeString, Required: true}).Shim()
	long := "a-name-that-is-much-longer-than-what-a-load-balancer-may-have"
	tests := map[string]struct {
		terraform, attribute string
		schema               shim.Schema
		field                *table.Field
		urnName              string
		properties           resource.PropertyMap
		want                 string // a regular expression; empty for none
		tooLong              bool
	}{
		"optional name":       {terraform: "aws_iam_role", attribute: "name", schema: optional, want: `^Thing-[0-9a-f]{7}$`},
		"required, SDK's not": {terraform: "aws_lambda_function", attribute: "function_name", schema: required, field: &table.Field{Name: "name", Auto: true}, want: `^Thing-[0-9a-f]{7}$`},
		"required by both":    {terraform: "aws_route53_record", attribute: "name", schema: required},
		"a prefix is given":   {terraform: "aws_iam_role", attribute: "name", schema: optional, properties: resource.PropertyMap{"namePrefix": resource.NewStringProperty("x")}},
		"bucket":              {terraform: "aws_s3_bucket", attribute: "bucket", schema: optional, want: `^thing-[0-9a-f]{7}$`},
		"bucket with prefix":  {terraform: "aws_s3_bucket", attribute: "bucket", schema: optional, properties: resource.PropertyMap{"bucketPrefix": resource.NewStringProperty("x")}},
		"object":              {terraform: "aws_s3_object", attribute: "key", schema: required, field: &table.Field{Auto: true}, want: `^Thing$`},
		"alias":               {terraform: "aws_kms_alias", attribute: "name", schema: optional, want: `^alias/Thing-[0-9a-f]{7}$`},
		"queue":               {terraform: "aws_sqs_queue", attribute: "name", schema: optional, want: `^Thing-[0-9a-f]{7}$`},
		"FIFO queue":          {terraform: "aws_sqs_queue", attribute: "name", schema: optional, properties: resource.PropertyMap{"fifoQueue": resource.NewBoolProperty(true)}, want: `^Thing-[0-9a-f]{7}\.fifo$`},
		"FIFO topic":          {terraform: "aws_sns_topic", attribute: "name", schema: optional, properties: resource.PropertyMap{"fifoTopic": resource.NewBoolProperty(true)}, want: `^Thing-[0-9a-f]{7}\.fifo$`},
		"beyond the limit":    {terraform: "aws_lb", attribute: "name", schema: optional, urnName: long, tooLong: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			entry := &table.Entry{Terraform: test.terraform, Fields: table.Fields{}}
			if test.field != nil {
				entry.Fields[test.attribute] = test.field
			}
			r := &info.Resource{Fields: entry.Fields.Infos()}
			autoName(entry, schema.SchemaMap{test.attribute: test.schema}, r)
			field := r.Fields[test.attribute]
			if field == nil {
				assert.Empty(t, test.want)
				return
			}
			urnName := "Thing"
			if test.urnName != "" {
				urnName = test.urnName
			}
			urn := resource.NewURN("s", "p", "", "aws:x/y:Z", urnName)
			made, err := field.Default.ComputeDefault(t.Context(), info.ComputeDefaultOptions{
				URN: urn, Properties: test.properties, Seed: []byte("seed"),
			})
			if test.tooLong {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			if test.want == "" {
				assert.Nil(t, made)
				return
			}
			assert.Regexp(t, test.want, made)
			if test.terraform != "aws_s3_object" {
				assert.True(t, madeUp(urn, made.(string)), "it is known again")
			}
		})
	}
}

func TestHasGivenName(t *testing.T) {
	urn := resource.NewURN("s", "p", "", "aws:iam/role:Role", "role")
	named := typeInfo{name: "name"}
	for name, test := range map[string]struct {
		t    typeInfo
		name string
		want bool
	}{
		"chosen":       {named, "mine", true},
		"made up":      {named, "role-0a1b2c3", false},
		"like made up": {named, "other-0a1b2c3", true},
		"absent":       {named, "", false},
		"has no name":  {typeInfo{}, "mine", false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, test.t.hasGivenName(urn, properties(t, test.name)))
		})
	}
}
