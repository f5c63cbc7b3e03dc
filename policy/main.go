// This program is a Pulumi policy pack with the rules of package rules. The engine checks
// every resource with it before it deploys it.
//
//	pulumi preview --policy-pack policy
//	pulumi up --policy-pack policy
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/policyx"

	"github.com/gatehouse-iac/gatehouse/policy/rules"
)

func main() {
	err := policyx.Main(func(*pulumi.Context) (policyx.PolicyPack, error) {
		var policies []policyx.Policy
		for _, rule := range rules.All {
			policies = append(policies, policy(rule))
		}
		return policyx.NewPolicyPack("gatehouse", semver.MustParse("1.0.0"), policyx.EnforcementLevelMandatory, policies)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "policy pack:", err)
		os.Exit(1)
	}
}

// policy returns a policy that fails the deployment if a resource violates the rule.
func policy(rule rules.Rule) policyx.Policy {
	return policyx.NewResourceValidationPolicy(rule.Name, policyx.ResourceValidationPolicyArgs{
		Description:      rule.Description,
		EnforcementLevel: policyx.EnforcementLevelMandatory,
		ValidateResource: func(_ context.Context, args policyx.ResourceValidationArgs) error {
			declared := rules.Resource{Type: args.Resource.Type, Name: args.Resource.Name, Inputs: args.Resource.Properties}
			for _, violation := range rule.Check(declared) {
				args.Manager.ReportViolation(violation, args.Resource.URN)
			}
			return nil
		},
	})
}
