package pulumitest

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

const witness = "pulumitest:index:Witness"

// Resolve runs program and returns the values of the outputs that it returns, in
// clear. Nothing waits for an apply in a test, but the run does wait for the inputs
// of a resource: they are given to one.
func Resolve(t testing.TB, program func(*pulumi.Context) (pulumi.Map, error)) map[string]any {
	t.Helper()
	recorder := MustRun(t, func(ctx *pulumi.Context) error {
		outputs, err := program(ctx)
		if err != nil {
			return err
		}
		return ctx.RegisterResource(witness, "witness", outputs, &pulumi.CustomResourceState{})
	})
	values, ok := recorder.Only(t, witness).Input("").Mappable().(map[string]any)
	require.True(t, ok)
	return values
}
