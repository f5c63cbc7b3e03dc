package pipelineroles

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/test/e2e/verification"
)

// verify tests that the role for verifications may do all that `gatehouse verify` does, a
// rotation included.
func (s *suite) verify(ctx context.Context) error {
	stack, err := s.as(ctx, s.roles.verify, "environment:"+pulumicli.StackName+"-verify")
	if err != nil {
		return err
	}
	_, outputs, err := stack.Outputs(ctx)
	if err != nil {
		return err
	}
	config := awsclient.Config(s.endpoint)
	c := stack.CLI.Credentials
	config.Credentials = credentials.NewStaticCredentialsProvider(c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	suite, err := verification.New(outputs, s.cloud, config, os.Stderr)
	if err != nil {
		return err
	}
	suite.Rotate = true
	checks := suite.Checks()
	for i, c := range checks {
		if c.Section == "model-errors" || c.Section == "streaming-errors" {
			checks[i].LeftOut = "the guardrail of these settings doesn't exist"
		}
	}
	results := check.Run(ctx, checks, func(string) {})
	if check.Passed(results) {
		return suite.Close(ctx)
	}
	var table strings.Builder
	check.PrintTable(&table, results, suite.Outputs.RunbookURL)
	return errors.Join(s.explained(ctx, errors.New("not all checks passed:\n"+table.String())), suite.Close(ctx))
}
