package diagnosis

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Summary counts what a stack's state has.
type Summary struct {
	Resources int
}

// State examines the output of `pulumi stack export` for a stack of a project.
func State(exported []byte, project, stack string) (Summary, []Finding) {
	var state struct {
		Deployment struct {
			Resources []struct {
				URN string `json:"urn"`
			} `json:"resources"`
			Pending []struct {
				Type     string `json:"type"`
				Resource struct {
					URN string `json:"urn"`
				} `json:"resource"`
			} `json:"pending_operations"`
		} `json:"deployment"`
	}
	if err := json.Unmarshal(exported, &state); err != nil {
		return Summary{}, []Finding{damaged(err.Error())}
	}
	var findings []Finding
	own := fmt.Sprintf("urn:pulumi:%s::%s::", stack, project)
	foreign := ""
	count := 0
	for _, r := range state.Deployment.Resources {
		if !strings.HasPrefix(r.URN, own) {
			foreign = r.URN
			count++
		}
	}
	if count > 0 {
		findings = append(findings, foreignState(count, foreign, project, stack))
	}
	var interrupted []string
	for _, operation := range state.Deployment.Pending {
		interrupted = append(interrupted, operation.Type+" "+name(operation.Resource.URN))
	}
	if len(interrupted) > 0 {
		findings = append(findings, killed(interrupted))
	}
	return Summary{Resources: len(state.Deployment.Resources)}, findings
}

func name(urn string) string { return urn[strings.LastIndex(urn, "::")+len("::"):] }

func damaged(detail string) Finding {
	return Finding{
		Section: "state-damaged",
		Wrong:   fmt.Sprintf("The stack's state can't be read (%s).", detail),
		Next: []string{
			"Deploy nothing, and don't run `pulumi stack init`: what is in AWS stays, but Pulumi would make it a second time.",
			"Take the state from before: the version before in the bucket, or the backend's own copy beside it, stacks/<project>/<stack>.json.bak.",
			"Then `pulumi preview --refresh`: it shows what happened since.",
		},
	}
}

func foreignState(count int, example, project, stack string) Finding {
	return Finding{
		Section: "state-foreign",
		Wrong:   fmt.Sprintf("%d resources of the state are not of the stack %s of %s, such as %s. `pulumi up` would delete them and make this stack a second time.", count, stack, project, example),
		Next: []string{
			"Deploy nothing.",
			"Is it the right backend and stack? `pulumi whoami -v`, `pulumi stack ls --all`.",
			"If a wrong file was imported (`pulumi stack import`), import the right one: `pulumi stack export --version N`, or the bucket's version before.",
		},
	}
}

func killed(interrupted []string) Finding {
	return Finding{
		Section: "up-killed",
		Wrong:   fmt.Sprintf("The last deployment was killed: it is not known whether it was done with %s.", strings.Join(interrupted, ", ")),
		Next: []string{
			"Look for each that it was creating: in AWS, where the tags project and stack tell what belongs to the stack, in Vault, or in the cluster.",
			"What is there: put it into the state with its id, as the runbook shows. Forgotten, it is made a second time, or stops the next deployment.",
			"The rest, and all that was being changed or deleted: `pulumi refresh --clear-pending-creates`, then `pulumi up`.",
		},
	}
}
