package pipelineroles

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// deletion are actions that remove something. Records are removed by a change.
var deletion = regexp.MustCompile(`:(DELETE|Delete|Remove|Release|Revoke|Deregister|Detach|Disassociate|Schedule.*Deletion|ChangeResourceRecordSets)`)

// unprotected are those that remove what isn't protected, and what nothing protected
// needs. The next update makes it again.
var unprotected = []string{
	// What only looks at the stack.
	"cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "logs:DeleteMetricFilter", "logs:DeleteQueryDefinition",
	// The records that prove whose the front door's names are. Their certificate stays:
	// the distribution has it.
	"route53:ChangeResourceRecordSets",
}

// unprotect is what Pulumi tells who wants to destroy a protected stack.
const unprotect = "pulumi state unprotect"

// protection shows that a destroy of the protected stack is refused, with a way out:
// before anything is deleted, and with little deleted where somebody skips the
// preview that comes before.
func (t *test) protection(ctx context.Context, step *progress.Step) error {
	if err := t.refuseToDestroy(ctx, step, nil, "destroy", "--yes"); err != nil {
		return err
	}
	if err := t.refuseToDestroy(ctx, step, unprotected, "destroy", "--yes", "--skip-preview"); err != nil {
		return err
	}
	step.Note("destroy is refused, and the stack is as it was")
	return nil
}

func (t *test) refuseToDestroy(ctx context.Context, step *progress.Step, allowed []string, args ...string) error {
	step.Doing("%s", strings.Join(args, " "))
	s, err := t.deployer(ctx)
	if err != nil {
		return err
	}
	before, err := awsclient.Controls{Endpoint: t.endpoint}.Calls(ctx, 0)
	if err != nil {
		return err
	}
	if err := s.CLI.Run(ctx, "protection", nil, args...); err == nil {
		return fmt.Errorf("`pulumi %s` destroyed a protected stack", strings.Join(args, " "))
	}
	text, err := os.ReadFile(s.Layout.Log("protection"))
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), unprotect) {
		return fmt.Errorf("`pulumi %s` failed, but not because the stack is protected: see .local/logs/protection.log", strings.Join(args, " "))
	}
	after, err := awsclient.Controls{Endpoint: t.endpoint}.Calls(ctx, before[len(before)-1].N)
	if err != nil {
		return err
	}
	var deleted []string
	for _, c := range by(after, t.roles.deploy) {
		if deletion.MatchString(c.Action) && !slices.Contains(allowed, c.Action) {
			deleted = append(deleted, c.Action+" on "+c.Resource)
		}
	}
	if len(deleted) > 0 {
		return fmt.Errorf("`pulumi %s` was refused, but had deleted something:\n  %s", strings.Join(args, " "), strings.Join(deleted, "\n  "))
	}
	return nil
}
