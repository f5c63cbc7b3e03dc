package dynamo_test

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// credentials are those that every emulator accepts.
func credentials(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
}
