// Package deployment holds what all components of one stack share: its name, the
// account it lands in, and where its functions' code lies.
package deployment

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/artifact"
	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// namePattern is what all services take as the start of a name: buckets no capitals and
// underscores, functions and web ACLs no dots, load balancers no two hyphens in a row.
var namePattern = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// longestName leaves room for what components add to the name, the engine's random
// digits among them: Lambda's names, the tightest, end at 64 characters.
const longestName = 44

// Deployment is one stack in one account and region.
type Deployment struct {
	// Name starts the physical names: "gatehouse-dev".
	Name string
	// Path starts the names of parameters: "/gatehouse/dev".
	Path string

	Partition string
	Region    string
	AccountID string

	LogRetentionDays int // of every log group, and of the access logs' objects

	Lambda     config.Lambda
	Safeguards config.Safeguards
	Artifacts  artifact.Directory
}

// New returns the deployment of the program's stack through provider, whose
// account and partition it looks up.
func New(ctx *pulumi.Context, provider *aws.Provider, s config.Settings, artifacts artifact.Directory) (Deployment, error) {
	name := ctx.Project() + "-" + ctx.Stack()
	if len(name) > longestName {
		return Deployment{}, fmt.Errorf("stack %q: %q starts the names of AWS resources and has %d characters; allowed: %d, so choose a shorter stack name",
			ctx.Stack(), name, len(name), longestName)
	}
	if !namePattern.MatchString(name) {
		return Deployment{}, fmt.Errorf("stack %q: %q starts the names of AWS resources; allowed: lower-case letters, digits and single hyphens between them, "+
			"which all of AWS's services take, so choose another stack name", ctx.Stack(), name)
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
		LogRetentionDays: s.Lambda.LogRetentionDays,
		Lambda:           s.Lambda,
		Safeguards:       s.Safeguards,
		Artifacts:        artifacts,
	}, nil
}

// HoldsData is the option of resources with data in them: what `pulumi destroy` does
// with it is up to the settings.
func (d Deployment) HoldsData() pulumi.ResourceOption {
	return pulumi.RetainOnDelete(d.Safeguards.RetainOnDelete)
}

// PermissionsBoundary is what bounds every role of the stack, or nil.
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
