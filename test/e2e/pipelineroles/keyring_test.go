package pipelineroles

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/localstack"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// keyringPath is the path of the local stack's keyring.
const keyringPath = "/gatehouse/" + pulumicli.StackName + "/origin-key"

// keyring tests that the deploy role reads the keyring, decrypted, and that the preview role
// doesn't, with or without decryption. These calls are the test's own, and none of a
// deployment.
func (s *suite) keyring(ctx context.Context) error {
	before, err := s.lastCall(ctx)
	if err != nil {
		return err
	}
	deployer, err := s.deployer(ctx)
	if err != nil {
		return err
	}
	keys, err := readKeyring(ctx, deployer, s.endpoint, true)
	if err != nil {
		return fmt.Errorf("the deploy role can't read the keyring: %w", err)
	}
	if keys == 0 {
		return errors.New("the keyring has no key")
	}
	previewer, err := s.as(ctx, s.roles.preview, "environment:"+pulumicli.StackName+"-preview")
	if err != nil {
		return err
	}
	for _, decrypted := range []bool{true, false} {
		_, err := readKeyring(ctx, previewer, s.endpoint, decrypted)
		var denial interface{ ErrorCode() string }
		if !errors.As(err, &denial) || denial.ErrorCode() != "AccessDeniedException" {
			return fmt.Errorf("the preview role reads the keyring: got %v, want AccessDeniedException", err)
		}
	}
	after, err := s.lastCall(ctx)
	s.own = append(s.own, span{before, after})
	return err
}

func readKeyring(ctx context.Context, stack localstack.Stack, endpoint string, decrypted bool) (int, error) {
	config := awsclient.Config(endpoint)
	c := stack.CLI.Credentials
	config.Credentials = credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	got, err := ssm.NewFromConfig(config).GetParametersByPath(ctx, &ssm.GetParametersByPathInput{
		Path: aws.String(keyringPath), WithDecryption: &decrypted,
	})
	if err != nil {
		return 0, err
	}
	return len(got.Parameters), nil
}

// span is the calls after one number, up to another.
type span struct{ after, last int }

func (s *suite) lastCall(ctx context.Context) (int, error) {
	all, err := s.calls(ctx)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[len(all)-1].N, nil
}

// calls returns all calls but the test's own.
func (s *suite) calls(ctx context.Context) ([]awsclient.Call, error) {
	all, err := awsclient.Controls{Endpoint: s.endpoint}.Calls(ctx, 0)
	return without(all, s.own), err
}

func without(calls []awsclient.Call, own []span) []awsclient.Call {
	var kept []awsclient.Call
	for _, c := range calls {
		is := false
		for _, one := range own {
			is = is || c.N > one.after && c.N <= one.last
		}
		if !is {
			kept = append(kept, c)
		}
	}
	return kept
}
