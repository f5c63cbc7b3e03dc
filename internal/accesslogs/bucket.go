package accesslogs

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// longestPrefix is how long the start of a bucket's name may be: Terraform's provider
// adds 26 characters.
const longestPrefix = 37

// abandonedDays is when parts of uploads that were never ended go.
const abandonedDays = 7

type bucket struct {
	name   pulumi.StringOutput
	arn    pulumi.StringOutput
	policy *s3.BucketPolicy
}

// newBucket makes a bucket that is nobody's but the account's: private, encrypted,
// reached over TLS, and emptied with time.
func (l *Logs) newBucket(ctx *pulumi.Context, name string, args *Args) (bucket, error) {
	// A bucket that stays after its stack stays closed, and is still emptied with time.
	held := args.Deployment.HoldsData()
	made, err := s3.NewBucketV2(ctx, name+"-bucket", &s3.BucketV2Args{
		BucketPrefix: pulumi.String(BucketPrefix(args.Deployment.Name)),
		ForceDestroy: pulumi.Bool(args.Settings.Destroy),
	}, pulumi.Parent(l), held)
	if err != nil {
		return bucket{}, err
	}
	closed, err := l.close(ctx, name, args, made, held)
	if err != nil {
		return bucket{}, err
	}
	// One after the other: S3 refuses changes of a bucket at once.
	bucketPolicy, err := s3.NewBucketPolicy(ctx, name+"-policy", &s3.BucketPolicyArgs{
		Bucket: made.ID(),
		Policy: iampolicy.Document(tlsOnly(made.Arn), mayDeliver(made.Arn, args)),
	}, pulumi.Parent(l), held, pulumi.DependsOn(closed))
	return bucket{name: made.ID().ToStringOutput(), arn: made.Arn, policy: bucketPolicy}, err
}

// BucketPrefix starts the bucket's name, of which Terraform's provider makes up the rest.
func BucketPrefix(deploymentName string) string {
	return deploymentName[:min(len(deploymentName), longestPrefix-len("-logs-"))] + "-logs-"
}

// close keeps others out of the bucket, and out of what is in it.
func (l *Logs) close(ctx *pulumi.Context, name string, args *Args, made *s3.BucketV2, held pulumi.ResourceOption) ([]pulumi.Resource, error) {
	block, err := s3.NewBucketPublicAccessBlock(ctx, name+"-public-access", &s3.BucketPublicAccessBlockArgs{
		Bucket:                made.ID(),
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, pulumi.Parent(l), held)
	if err != nil {
		return nil, err
	}
	ownership, err := s3.NewBucketOwnershipControls(ctx, name+"-ownership", &s3.BucketOwnershipControlsArgs{
		Bucket: made.ID(),
		Rule:   &s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, pulumi.Parent(l), held)
	if err != nil {
		return nil, err
	}
	encryption, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, name+"-encryption", &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: made.ID().ToStringOutput(),
		Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{&s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			ApplyServerSideEncryptionByDefault: &s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm: pulumi.String("AES256"),
			},
		}},
	}, pulumi.Parent(l), held)
	if err != nil {
		return nil, err
	}
	lifecycle, err := s3.NewBucketLifecycleConfigurationV2(ctx, name+"-lifecycle", &s3.BucketLifecycleConfigurationV2Args{
		Bucket: made.ID().ToStringOutput(),
		Rules: s3.BucketLifecycleConfigurationV2RuleArray{&s3.BucketLifecycleConfigurationV2RuleArgs{
			Id:         pulumi.String("expire"),
			Status:     pulumi.String("Enabled"),
			Filter:     &s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")},
			Expiration: &s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(args.Deployment.LogRetentionDays)},
			AbortIncompleteMultipartUpload: &s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
				DaysAfterInitiation: pulumi.Int(abandonedDays),
			},
		}},
	}, pulumi.Parent(l), held)
	return []pulumi.Resource{block, ownership, encryption, lifecycle}, err
}

func tlsOnly(arn pulumi.StringInput) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:        "TLSOnly",
		Deny:       true,
		Principal:  iampolicy.AnyPrincipal,
		Actions:    []string{"s3:*"},
		Resources:  pulumi.StringArray{arn, pulumi.Sprintf("%s/*", arn)},
		Conditions: []iampolicy.Condition{{Operator: "Bool", Key: "aws:SecureTransport", Value: pulumi.String("false")}},
	}
}

// mayDeliver lets AWS's deliverer of logs write those of this distribution. It is the
// statement that AWS itself adds to a bucket's policy that lacks it: another one that
// allows the same could be taken for lacking, and the next update would take AWS's away.
func mayDeliver(arn pulumi.StringInput, args *Args) iampolicy.Statement {
	d := args.Deployment
	return iampolicy.Statement{
		Sid:       "AWSLogDeliveryWrite1",
		Principal: iampolicy.Principal{Type: "Service", ID: pulumi.String("delivery.logs.amazonaws.com")},
		Actions:   []string{"s3:PutObject"},
		Resources: pulumi.StringArray{pulumi.Sprintf("%s/AWSLogs/%s/CloudFront/*", arn, d.AccountID)},
		Conditions: []iampolicy.Condition{
			{Operator: "StringEquals", Key: "s3:x-amz-acl", Value: pulumi.String("bucket-owner-full-control")},
			{Operator: "StringEquals", Key: "aws:SourceAccount", Value: pulumi.String(d.AccountID)},
			{
				Operator: "ArnLike", Key: "aws:SourceArn",
				Value: pulumi.Sprintf("arn:%s:logs:%s:%s:delivery-source:%s", d.Partition, config.GlobalRegion, d.AccountID, args.sourceName()),
			},
		},
	}
}
