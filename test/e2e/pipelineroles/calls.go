package pipelineroles

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// by returns the calls of a role.
func by(calls []awsclient.Call, role string) []awsclient.Call {
	name := "/" + role[strings.LastIndexByte(role, '/')+1:] + "/"
	return slices.DeleteFunc(slices.Clone(calls), func(c awsclient.Call) bool { return !strings.Contains(c.Principal, name) })
}

// denials are the calls that IAM refused, each once.
func denials(calls []awsclient.Call) []string {
	found := map[string]bool{}
	for _, c := range calls {
		if !c.Allowed {
			found[c.Action+" on "+c.Resource] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// lines are what was called, on what and under which conditions, each once.
func lines(calls []awsclient.Call) []string {
	found := map[string]bool{}
	for _, c := range calls {
		found[line(c)] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// record is calls.txt: what each role called in a deployment, from which the
// permissions of the roles follow.
type record map[string][]string

const recordHead = `# What the pipeline's roles called when they previewed, deployed, changed and destroyed
# the local stack: role, action, resource, and the conditions that permissions.yaml knows.
# What differs from run to run has names in capitals. "make local-deploy-test RECORD=1"
# writes it.
`

func recordPath(l checkout.Layout) string { return l.Root + "/internal/pipeline/calls.txt" }

func (r record) String() string {
	var out strings.Builder
	out.WriteString(recordHead)
	for _, role := range slices.Sorted(maps.Keys(r)) {
		for _, called := range r[role] {
			fmt.Fprintf(&out, "%s %s\n", role, called)
		}
	}
	return out.String()
}

// compare says how this record differs from the committed one.
func (r record) compare(committed string) []string {
	var problems []string
	before, now := strings.Split(committed, "\n"), strings.Split(r.String(), "\n")
	for _, line := range now {
		if !slices.Contains(before, line) {
			problems = append(problems, line+" is new")
		}
	}
	for _, line := range before {
		if !slices.Contains(now, line) {
			problems = append(problems, line+" is not called any more")
		}
	}
	return problems
}

// check compares with the committed record, or replaces it.
func (r record) check(l checkout.Layout, replace bool) error {
	if replace {
		return checkout.WriteFile(recordPath(l), []byte(r.String()), 0o644)
	}
	committed, err := os.ReadFile(recordPath(l))
	if err != nil {
		return err
	}
	if problems := r.compare(string(committed)); len(problems) > 0 {
		return fmt.Errorf("the deployment calls something else than internal/pipeline/calls.txt says; "+
			"record it with `make local-deploy-test RECORD=1`, then let the tests say what the permissions need:\n  %s",
			strings.Join(problems, "\n  "))
	}
	return nil
}

// rotated reports whether the rotator, whose rights end at the boundary, could do its
// work.
func rotated(calls []awsclient.Call) bool {
	return slices.ContainsFunc(by(calls, "gatehouse-"+pulumicli.StackName+"-rotator"), func(c awsclient.Call) bool {
		return c.Allowed && c.Action == "cloudfront:GetDistribution"
	})
}
