package recoverytest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/gatehouse-iac/gatehouse/local/internal/prove"
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
	return nil, t.setFaults(ctx, `[{"service": "sts", "mode": "error-before", "status": 403, "code": "ExpiredToken", "probability": 1}]`)
}

// forbid makes a user of limited rights, and returns the user's credentials.
func (t *test) forbid(ctx context.Context, _ string) ([]string, error) {
	client := iam.New(iam.Options{
		Region: prove.Region, BaseEndpoint: aws.String(t.stack.CLI.Endpoint), Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
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

func (t *test) setFaults(ctx context.Context, faults string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, t.stack.CLI.Endpoint+"/_gatehouse/faults", strings.NewReader(faults))
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("set the local cloud's faults: %s", response.Status)
	}
	return nil
}
