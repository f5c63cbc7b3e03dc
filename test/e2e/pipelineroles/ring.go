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
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// ringPath is where the local stack has its keys.
const ringPath = "/gatehouse/" + pulumicli.StackName + "/origin-key"

// ring shows that the deploy role reads the ring of keys, decrypted, and that the
// preview role doesn't, with or without decryption. These calls are the test's own, and
// none of a deployment.
func (t *test) ring(ctx context.Context, step *progress.Step) error {
	before, err := t.lastCall(ctx)
	if err != nil {
		return err
	}
	deployer, err := t.deployer(ctx)
	if err != nil {
		return err
	}
	keys, err := readRing(ctx, deployer, t.endpoint, true)
	if err != nil {
		return fmt.Errorf("the deploy role can't read the ring of keys: %w", err)
	}
	if keys == 0 {
		return errors.New("the ring has no key")
	}
	previewer, err := t.as(ctx, t.roles.preview, "environment:"+pulumicli.StackName+"-preview")
	if err != nil {
		return err
	}
	for _, decrypted := range []bool{true, false} {
		_, err := readRing(ctx, previewer, t.endpoint, decrypted)
		var denial interface{ ErrorCode() string }
		if !errors.As(err, &denial) || denial.ErrorCode() != "AccessDeniedException" {
			return fmt.Errorf("the preview role reads the ring of keys: it got %v instead of AccessDeniedException", err)
		}
	}
	after, err := t.lastCall(ctx)
	t.own = append(t.own, span{before, after})
	step.Note("the deploy role reads %d keys, the preview role none", keys)
	return err
}

func readRing(ctx context.Context, s localstack.Stack, endpoint string, decrypted bool) (int, error) {
	config := awsclient.Config(endpoint)
	c := s.CLI.Credentials
	config.Credentials = credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	got, err := ssm.NewFromConfig(config).GetParametersByPath(ctx, &ssm.GetParametersByPathInput{
		Path: aws.String(ringPath), WithDecryption: &decrypted,
	})
	if err != nil {
		return 0, err
	}
	return len(got.Parameters), nil
}

// span are the calls after one number, up to another.
type span struct{ after, last int }

func (t *test) lastCall(ctx context.Context) (int, error) {
	all, err := t.calls(ctx)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[len(all)-1].N, nil
}

// calls are all calls but the test's own.
func (t *test) calls(ctx context.Context) ([]awsclient.Call, error) {
	all, err := awsclient.Controls{Endpoint: t.endpoint}.Calls(ctx, 0)
	return without(all, t.own), err
}

func without(calls []awsclient.Call, own []span) []awsclient.Call {
	var kept []awsclient.Call
	for _, c := range calls {
		is := false
		for _, s := range own {
			is = is || c.N > s.after && c.N <= s.last
		}
		if !is {
			kept = append(kept, c)
		}
	}
	return kept
}
