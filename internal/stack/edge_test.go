package stack_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const distribution = "aws:cloudfront/distribution:Distribution"

func TestBehaviorsRequireHTTPSAndHaveResponseHeaders(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		d := recorder.Only(t, distribution)
		paths := []string{"defaultCacheBehavior"}
		for i := range d.Input("orderedCacheBehaviors").ArrayValue() {
			paths = append(paths, fmt.Sprintf("orderedCacheBehaviors[%d]", i))
		}
		require.Greater(t, len(paths), 1)
		for _, path := range paths {
			assert.Contains(t, []string{"https-only", "redirect-to-https"}, d.Text(path+".viewerProtocolPolicy"), path)
			policy := "headers-policy-id"
			if strings.HasSuffix(d.Text(path+".pathPattern"), "/playground") {
				policy = "headers-page-policy-id"
			}
			assert.Equal(t, policy, d.Text(path+".responseHeadersPolicyId"), path)
		}
	})
}

// Requests through any origin need the same authorizer, and get the same key.
func TestOriginsAreTheAPIs(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		d := recorder.Only(t, distribution)
		ids := []string{"api"}
		if len(recorder.OfType("aws:apigateway/restApi:RestApi")) > 0 {
			ids = append(ids, "stream")
		}
		require.Len(t, d.Input("origins").ArrayValue(), len(ids))
		for i, id := range ids {
			origin := fmt.Sprintf("origins[%d]", i)
			assert.Equal(t, id, d.Text(origin+".originId"))
			assert.Equal(t, d.Input("origins[0].customHeaders"), d.Input(origin+".customHeaders"))
		}
	})
}

// ofBucket returns the resources of a type that configure a bucket.
func ofBucket(recorder *pulumitest.Recorder, typ string, bucket pulumitest.Registration) []pulumitest.Registration {
	var found []pulumitest.Registration
	for _, r := range recorder.OfType(typ) {
		if r.Text("bucket") == bucket.Name+"-id" {
			found = append(found, r)
		}
	}
	return found
}

func TestBucketsArePrivateEncryptedAndRequireTLS(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		assert.Empty(t, recorder.OfType("aws:s3/bucket:Bucket"), "the deprecated type")
		for _, bucket := range recorder.OfType("aws:s3/bucketV2:BucketV2") {
			t.Run(bucket.Name, func(t *testing.T) { checkBucket(t, recorder, bucket) })
		}
	})
}

func checkBucket(t *testing.T, recorder *pulumitest.Recorder, bucket pulumitest.Registration) {
	t.Helper()
	blocks := ofBucket(recorder, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", bucket)
	require.Len(t, blocks, 1)
	for _, input := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
		assert.Equal(t, resource.NewProperty(true), blocks[0].Input(input), input)
	}
	ownership := ofBucket(recorder, "aws:s3/bucketOwnershipControls:BucketOwnershipControls", bucket)
	require.Len(t, ownership, 1)
	assert.Equal(t, "BucketOwnerEnforced", ownership[0].Text("rule.objectOwnership"))

	encryption := ofBucket(recorder, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", bucket)
	require.Len(t, encryption, 1)
	assert.NotEmpty(t, encryption[0].Text("rules[0].applyServerSideEncryptionByDefault.sseAlgorithm"))

	lifecycle := ofBucket(recorder, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", bucket)
	require.Len(t, lifecycle, 1)

	policies := ofBucket(recorder, "aws:s3/bucketPolicy:BucketPolicy", bucket)
	require.Len(t, policies, 1)
	var tlsOnly bool
	for _, statement := range statements(t, policies[0].Text("policy")) {
		tlsOnly = tlsOnly || statement.Effect == "Deny" && statement.Principal["AWS"] == "*" &&
			statement.Condition["Bool"]["aws:SecureTransport"] == "false"
	}
	assert.True(t, tlsOnly, "a policy that denies requests without TLS to everyone")
}

func TestFunctionsInCloudFrontAreValid(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, function := range recorder.OfType("aws:lambda/function:Function") {
			if !runsInCloudFront(function) {
				continue
			}
			assert.True(t, function.Input("environment").IsNull(), "%s has no environment", function.Name)
			assert.Equal(t, resource.NewProperty(true), function.Input("publish"), "%s has versions", function.Name)
			assert.NotEmpty(t, function.Request.GetCustomTimeouts().GetDelete(), "%s has a timeout for its deletion", function.Name)
		}
		if version := recorder.Only(t, distribution).Text("orderedCacheBehaviors[0].lambdaFunctionAssociations[0].lambdaArn"); version != "" {
			assert.Regexp(t, `:[0-9]+$`, version)
		}
	})
}

func TestFirewallProtectsDistributionAndRedactsKey(t *testing.T) {
	recorder := deploy(t, shapes(t)["everything"])
	assert.Equal(t, "arn:aws:mock:::WebAcl/firewall-acl", recorder.Only(t, distribution).Text("webAclId"))
	logging := recorder.Only(t, "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")
	assert.Equal(t, "x-origin-verify", logging.Text("redactedFields[0].singleHeader.name"))
}

func TestDisabledPartsAreNotDeclared(t *testing.T) {
	recorder := deploy(t, shapes(t)["bare edge"])
	for _, r := range recorder.All() {
		assert.NotRegexp(t, `^aws:(wafv2|s3|acm|route53)/|^gatehouse:(firewall|accesslog|domain|restapi):`, r.Type, r.Name)
		if r.Type == "aws:lambda/function:Function" {
			assert.False(t, runsInCloudFront(r), r.Name)
		}
	}
	d := recorder.Only(t, distribution)
	assert.True(t, d.Input("webAclId").IsNull())
	assert.Empty(t, d.Input("aliases").ArrayValue())
	assert.Len(t, d.Input("orderedCacheBehaviors").ArrayValue(), 1)
}
