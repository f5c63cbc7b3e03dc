package pipelineroles

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

// deletion matches actions that remove something. DNS records are removed by a change.
var deletion = regexp.MustCompile(`:(DELETE|Delete|Remove|Release|Revoke|Deregister|Detach|Disassociate|Schedule.*Deletion|ChangeResourceRecordSets)`)

// unprotected are the actions that remove what isn't protected, and what nothing protected
// needs. The next update creates it again.
var unprotected = []string{
	// What only observes the stack.
	"cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "logs:DeleteMetricFilter", "logs:DeleteQueryDefinition",
	// The records that validate the distribution's domain names. Their certificate stays: the
	// distribution uses it.
	"route53:ChangeResourceRecordSets",
}

// unprotectHint is part of Pulumi's error when a protected stack is to be destroyed.
const unprotectHint = "pulumi state unprotect"

// protection tests that a destroy of the protected stack fails with a way out: before anything
// is deleted, and with little deleted if the preview is skipped.
func (s *suite) protection(ctx context.Context) error {
	if err := s.failToDestroy(ctx, nil, "destroy", "--yes"); err != nil {
		return err
	}
	return s.failToDestroy(ctx, unprotected, "destroy", "--yes", "--skip-preview")
}

func (s *suite) failToDestroy(ctx context.Context, allowed []string, args ...string) error {
	stack, err := s.deployer(ctx)
	if err != nil {
		return err
	}
	before, err := awsclient.Controls{Endpoint: s.endpoint}.Calls(ctx, 0)
	if err != nil {
		return err
	}
	if err := stack.CLI.Run(ctx, "protection", nil, args...); err == nil {
		return fmt.Errorf("`pulumi %s` destroyed a protected stack", strings.Join(args, " "))
	}
	output, err := os.ReadFile(stack.Layout.Log("protection"))
	if err != nil {
		return err
	}
	if !strings.Contains(string(output), unprotectHint) {
		return fmt.Errorf("`pulumi %s` failed, but not because of the protection: see .local/logs/protection.log", strings.Join(args, " "))
	}
	after, err := awsclient.Controls{Endpoint: s.endpoint}.Calls(ctx, before[len(before)-1].N)
	if err != nil {
		return err
	}
	var deleted []string
	for _, c := range by(after, s.roles.deploy) {
		if deletion.MatchString(c.Action) && !slices.Contains(allowed, c.Action) {
			deleted = append(deleted, c.Action+" on "+c.Resource)
		}
	}
	if len(deleted) > 0 {
		return fmt.Errorf("`pulumi %s` failed, but had deleted something:\n  %s", strings.Join(args, " "), strings.Join(deleted, "\n  "))
	}
	return nil
}
