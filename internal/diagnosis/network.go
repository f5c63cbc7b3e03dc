package diagnosis

import "regexp"

// networks has the symptoms of resources that are attached to a VPC.
var networks = []symptom{
	{regexp.MustCompile(`DependencyViolation|has a dependent object|has some mapped public address`), always(Finding{
		Section: "in-use",
		Wrong:   "A security group, a subnet or the VPC can't be deleted: something that isn't this stack's is in it.",
		Next: []string{
			"The message names it (sg-…, subnet-…, vpc-…). `aws ec2 describe-network-interfaces --filters Name=group-id,Values=sg-…` says what wears a group; the runbook has the filters for the others.",
			"Take it off or remove it, and run the command again: it goes on from where it was.",
		},
	})},
	{regexp.MustCompile(`(?:admission webhook "[^"]+" denied the request: )?(?:TargetGroupBinding update may not change these fields|TargetGroup \S+ is already bound to TargetGroupBinding)[^\n]*`), always(Finding{
		Section: "binding-stuck",
		Wrong:   "The AWS Load Balancer Controller refuses a TargetGroupBinding: its target group has another one, or would change.",
		Next: []string{
			"`kubectl get targetgroupbindings -A -o wide` says which bindings there are and for which target group; of those for this one, remove what isn't the stack's.",
			"`pulumi up` again: it makes the binding anew.",
		},
	})},
}
