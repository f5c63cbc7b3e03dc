package accesslogs

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

func run(t *testing.T, s config.AccessLogs) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		here, err := aws.NewProvider(ctx, "here", &aws.ProviderArgs{Region: pulumi.String("eu-west-1")})
		require.NoError(t, err)
		global, err := aws.NewProvider(ctx, "global", &aws.ProviderArgs{Region: pulumi.String("us-east-1")})
		require.NoError(t, err)
		_, err = New(ctx, "access-logs", &Args{
			Deployment:      pulumitest.Deployment(t),
			Settings:        s,
			DistributionARN: pulumi.String("arn:aws:cloudfront::123456789012:distribution/E1"),
			Global:          global,
		}, pulumi.Provider(here))
		return err
	})
}

func TestLogsAreDeliveredToTheBucket(t *testing.T) {
	recorder := run(t, config.AccessLogs{Enabled: true})
	source := recorder.Only(t, "aws:cloudwatch/logDeliverySource:LogDeliverySource")
	assert.Equal(t, "gatehouse-test-access-logs", source.Text("name"))
	assert.Equal(t, "ACCESS_LOGS", source.Text("logType"))
	assert.Equal(t, "arn:aws:cloudfront::123456789012:distribution/E1", source.Text("resourceArn"))
	destination := recorder.Only(t, "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination")
	assert.Equal(t, "arn:aws:mock:::BucketV2/access-logs-bucket", destination.Text("deliveryDestinationConfiguration.destinationResourceArn"))
	assert.Equal(t, "json", destination.Text("outputFormat"))
	delivery := recorder.Only(t, "aws:cloudwatch/logDelivery:LogDelivery")
	assert.Equal(t, "gatehouse-test-access-logs", delivery.Text("deliverySourceName"))
	assert.Equal(t, "arn:aws:mock:::LogDeliveryDestination/access-logs-destination", delivery.Text("deliveryDestinationArn"))
	assert.Contains(t, strings.Join(delivery.Request.GetDependencies(), " "), "access-logs-policy", "without it, AWS creates a policy of its own")
	assert.True(t, delivery.Input("s3DeliveryConfigurations").IsNull())
}

func TestLogHasNeitherQueryNorCookies(t *testing.T) {
	delivery := run(t, config.AccessLogs{Enabled: true}).Only(t, "aws:cloudwatch/logDelivery:LogDelivery")
	written := delivery.Input("recordFields").Mappable()
	assert.Contains(t, written, "x-edge-request-id")
	for _, field := range []string{"cs-uri-query", "cs(Cookie)", "cs-headers", "cs-header-names"} {
		assert.NotContains(t, written, field)
	}
}

func TestOnlyTheDeliveryIsInTheGlobalRegion(t *testing.T) {
	for _, r := range run(t, config.AccessLogs{Enabled: true}).All() {
		if !r.Custom() || r.Type == "pulumi:providers:aws" {
			continue
		}
		want := "::here::"
		if strings.Contains(r.Type, "logDelivery") {
			want = "::global::"
		}
		assert.Contains(t, r.Request.GetProvider(), want, r.Name)
	}
}

func TestBucketIsPrivateAndEncrypted(t *testing.T) {
	recorder := run(t, config.AccessLogs{Enabled: true})
	block := recorder.Only(t, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
	for _, input := range []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"} {
		assert.Equal(t, resource.NewProperty(true), block.Input(input), input)
	}
	assert.Equal(t, "BucketOwnerEnforced", recorder.Only(t, "aws:s3/bucketOwnershipControls:BucketOwnershipControls").Text("rule.objectOwnership"))
	assert.Equal(t, "AES256", recorder.Only(t, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2").
		Text("rules[0].applyServerSideEncryptionByDefault.sseAlgorithm"))
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "TLSOnly", "Effect": "Deny", "Principal": {"AWS": "*"}, "Action": ["s3:*"],
			"Resource": ["arn:aws:mock:::BucketV2/access-logs-bucket", "arn:aws:mock:::BucketV2/access-logs-bucket/*"],
			"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
		{"Sid": "AWSLogDeliveryWrite1", "Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Action": ["s3:PutObject"],
			"Resource": ["arn:aws:mock:::BucketV2/access-logs-bucket/AWSLogs/123456789012/CloudFront/*"],
			"Condition": {
				"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": "123456789012"},
				"ArnLike": {"aws:SourceArn": "arn:aws:logs:us-east-1:123456789012:delivery-source:gatehouse-test-access-logs"}
			}}
	]}`, recorder.Only(t, "aws:s3/bucketPolicy:BucketPolicy").Text("policy"))
}

func TestLogsExpire(t *testing.T) {
	rule := run(t, config.AccessLogs{Enabled: true}).Only(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2")
	assert.Equal(t, "Enabled", rule.Text("rules[0].status"))
	assert.InDelta(t, 30, rule.Input("rules[0].expiration.days").NumberValue(), 0)
	assert.InDelta(t, 7, rule.Input("rules[0].abortIncompleteMultipartUpload.daysAfterInitiation").NumberValue(), 0)
}

func TestLogsAreDeletedWithTheBucketOnlyIfEnabled(t *testing.T) {
	const bucketType = "aws:s3/bucketV2:BucketV2"
	assert.Equal(t, resource.NewProperty(false), run(t, config.AccessLogs{Enabled: true}).Only(t, bucketType).Input("forceDestroy"))
	assert.Equal(t, resource.NewProperty(true), run(t, config.AccessLogs{Enabled: true, Destroy: true}).Only(t, bucketType).Input("forceDestroy"))
}

func TestBucketPrefix(t *testing.T) {
	assert.Equal(t, "gatehouse-test-logs-", BucketPrefix("gatehouse-test"))
	long := BucketPrefix(strings.Repeat("x", 48))
	assert.Len(t, long, longestPrefix)
	assert.True(t, strings.HasSuffix(long, "x-logs-"))
}

func TestSourceAndDestinationAreDeletedBeforeReplacement(t *testing.T) {
	recorder := run(t, config.AccessLogs{Enabled: true})
	for _, token := range []string{
		"aws:cloudwatch/logDeliverySource:LogDeliverySource",
		"aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
	} {
		assert.True(t, recorder.Only(t, token).Request.GetDeleteBeforeReplace(), token)
	}
}
