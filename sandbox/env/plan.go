package env

import (
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/survey"
)

// The names of the steps with which the caller of [Start] checks what was deployed.
const (
	RequestsStep = "requests"
	ChecksStep   = "checks"
)

// The seconds that steps take which wait more than they compute, as measured on two
// processors: CloudFront alone takes forty of a deployment.
const (
	deployAWSTime  = 95
	deployAllTime  = 110
	deployRestTime = 45
	unchangedTime  = 18
	requestsTime   = 5
	checksTime     = 20
	slowChecksTime = 115 // beside the others
)

// plan returns what a start has to do, for the estimate of how long that takes, in the order
// of the priorities. With slow, slow checks follow a deployment that changes something.
func plan(parts []survey.Part, inStages, deployed, slow bool) (all []progress.Part) {
	built := map[bool][]string{} // the names of the parts, by whether AWS needs them
	for _, first := range []bool{true, false} {
		for _, part := range parts {
			if isFirst(part.Name) == first {
				built[first] = append(built[first], part.Name)
				all = append(all, progress.Part{Name: part.Name, Work: part.Work.Seconds(), Wait: part.Wait.Seconds()})
			}
		}
	}
	deploy := progress.Part{Name: everything.step(), Wait: deployAllTime, After: append(built[true], built[false]...)}
	checks := progress.Part{Name: ChecksStep, Wait: checksTime, After: []string{deploy.Name}}
	if slow && !deployed {
		checks.Wait += slowChecksTime
	}
	switch {
	case inStages:
		all = append(all,
			progress.Part{Name: onAWS.step(), Wait: deployAWSTime, After: built[true]},
			progress.Part{Name: RequestsStep, Wait: requestsTime, After: []string{onAWS.step()}, Milestone: "a response"},
		)
		deploy.Wait = deployRestTime
		deploy.After = append(deploy.After, RequestsStep)
	case deployed:
		deploy.Wait = unchangedTime
	}
	return append(all, deploy, checks)
}

// isFirst reports whether the deployment to AWS needs a part.
func isFirst(name string) bool {
	switch name {
	case survey.Vault, survey.VaultPlugin, survey.Kubernetes, survey.KubernetesPlugin:
		return false
	default:
		return true
	}
}
