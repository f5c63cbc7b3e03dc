package rotation

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newFirstKey runs the rotator's `create` when the stack is created and its `delete`
// when it is destroyed, and not in between. The program itself makes no secret: it
// stays deterministic, and a preview has nothing to show. The rotator answers with the
// key's name alone.
func (r *Rotation) newFirstKey(ctx *pulumi.Context, name string) (err error) {
	r.firstKey, err = lambda.NewInvocation(ctx, name+"-first-key", &lambda.InvocationArgs{
		FunctionName:   r.Rotator.Name,
		Input:          pulumi.String(`{"action":"create"}`),
		LifecycleScope: pulumi.String("CRUD"),
	}, pulumi.Parent(r),
		// Rotators of before answered with the value, which the state may still have.
		pulumi.AdditionalSecretOutputs([]string{"result"}))
	return err
}
