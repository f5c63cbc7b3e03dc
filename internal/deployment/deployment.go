// Package deployment describes one stack to its components: the prefix of its names, its
// account and region, and the settings and artifacts that several of them share.
package deployment

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/artifact"
	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// namePattern matches what all services accept as the prefix of a name: buckets have no
// capitals and underscores, functions and web ACLs no dots, load balancers no two hyphens
// in a row.
var namePattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// longestName leaves room for what components add to the name, the engine's random
// digits among them: Lambda's names, the tightest, end at 64 characters.
const longestName = 44

// Deployment describes one stack in one account and region.
type Deployment struct {
	// Name is the prefix of physical names: "gatehouse-dev".
	Name string
	// Path is the prefix of parameters' names: "/gatehouse/dev".
	Path string

	Partition string
	Region    string
	AccountID string

	LogRetentionDays int // of every log group, and of the access logs' objects

	Lambda     config.Lambda
	Safeguards config.Safeguards
	Artifacts  artifact.Source
}

// New returns the deployment of the program's stack through provider, whose
// account and partition it looks up. Functions are those of the release that the settings
// name, or else those that are built in artifacts.
func New(ctx *pulumi.Context, provider *aws.Provider, s config.Settings, artifacts artifact.Directory) (Deployment, error) {
	name := ctx.Project() + "-" + ctx.Stack()
	if len(name) > longestName {
		return Deployment{}, fmt.Errorf("stack %q: %q is the prefix of the names of AWS resources and has %d characters, but must have at most %d: choose a shorter stack name",
			ctx.Stack(), name, len(name), longestName)
	}
	if !namePattern.MatchString(name) {
		return Deployment{}, fmt.Errorf("stack %q: %q is the prefix of the names of AWS resources and must be lower-case letters and digits with single hyphens between them, "+
			"which all of AWS's services accept: choose another stack name", ctx.Stack(), name)
	}
	account, err := Lookup(ctx, provider)
	if err != nil {
		return Deployment{}, err
	}
	return Deployment{
		Name:             name,
		Path:             "/" + ctx.Project() + "/" + ctx.Stack(),
		Partition:        account.Partition,
		Region:           s.Region,
		AccountID:        account.ID,
		LogRetentionDays: s.LogRetentionDays,
		Lambda:           s.Lambda,
		Safeguards:       s.Safeguards,
		Artifacts:        functions(s.Lambda, artifacts),
	}, nil
}

func functions(l config.Lambda, built artifact.Directory) artifact.Source {
	if l.Release != nil {
		return artifact.Released{Release: l.Release}
	}
	return built
}

// HoldsData returns the option of resources that hold data: the settings decide whether
// `pulumi destroy` retains it.
func (d Deployment) HoldsData() pulumi.ResourceOption {
	return pulumi.RetainOnDelete(d.Safeguards.RetainOnDelete)
}

// PermissionsBoundary returns the ARN of the boundary of every role of the stack, or nil.
func (d Deployment) PermissionsBoundary() pulumi.StringPtrInput {
	if d.Safeguards.PermissionsBoundaryARN == "" {
		return nil
	}
	return pulumi.String(d.Safeguards.PermissionsBoundaryARN)
}

// ARN returns the ARN of a resource of service in the deployment's account and
// region; resource is all that follows the account.
func (d Deployment) ARN(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", d.Partition, service, d.Region, d.AccountID, resource)
}
