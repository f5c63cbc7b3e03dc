package recovery

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

// limitedUser may do everything but anything about logs.
const (
	limitedUser   = "gatehouse-limited"
	limitedPolicy = `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "*", "Resource": "*"},
		{"Effect": "Deny", "Action": "logs:*", "Resource": "*"}
	]}`
)

// expire lets AWS refuse the credentials as it does when they have expired.
func (t *test) expire(ctx context.Context, _ string) ([]string, error) {
	return nil, t.setFaults(ctx, awsclient.Fault{Service: "sts", Mode: "error-before", Status: 403, Code: "ExpiredToken", Probability: 1})
}

// forbid makes a user of limited rights, and returns the user's credentials.
func (t *test) forbid(ctx context.Context, _ string) ([]string, error) {
	client := iam.New(iam.Options{
		Region: awsclient.Region, BaseEndpoint: aws.String(t.stack.CLI.Endpoint), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
	})
	var exists *types.EntityAlreadyExistsException
	if _, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(limitedUser)}); err != nil && !errors.As(err, &exists) {
		return nil, err
	}
	_, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: aws.String(limitedUser), PolicyName: aws.String("limited"), PolicyDocument: aws.String(limitedPolicy),
	})
	if err != nil {
		return nil, err
	}
	made, err := client.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String(limitedUser)})
	if err != nil {
		return nil, err
	}
	return []string{"AWS_ACCESS_KEY_ID=" + *made.AccessKey.AccessKeyId, "AWS_SECRET_ACCESS_KEY=" + *made.AccessKey.SecretAccessKey}, nil
}

func (t *test) setFaults(ctx context.Context, faults ...awsclient.Fault) error {
	return awsclient.Controls{Endpoint: t.stack.CLI.Endpoint}.SetFaults(ctx, faults)
}
