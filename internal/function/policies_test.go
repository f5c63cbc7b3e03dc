package function_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// A policy that is taken away is another resource than the function's own: Pulumi deletes it
// after it has updated the function.
func TestFurtherPoliciesAreResourcesOfTheirOwn(t *testing.T) {
	recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := function.New(ctx, "f", &function.Args{
			Deployment: pulumitest.Deployment(t), Code: "rotator", Environment: pulumi.StringMap{},
			Policies: []function.Policy{{Name: "clients-policy", Statements: []iampolicy.Statement{{
				Sid: "Read", Actions: []string{"dynamodb:GetItem"}, Resources: pulumi.StringArray{pulumi.String("arn:table")},
			}}}},
		})
		return err
	})
	further := recorder.Named(t, "aws:iam/rolePolicy:RolePolicy", "f-clients-policy")
	assert.Contains(t, further.Text("policy"), "dynamodb:GetItem")
	assert.NotContains(t, recorder.Named(t, "aws:iam/rolePolicy:RolePolicy", "f-policy").Text("policy"), "dynamodb:")
	made := recorder.Named(t, "aws:lambda/function:Function", "f")
	assert.True(t, slices.ContainsFunc(made.Request.GetDependencies(), func(urn string) bool {
		return strings.HasSuffix(urn, "::f-clients-policy")
	}))
}
