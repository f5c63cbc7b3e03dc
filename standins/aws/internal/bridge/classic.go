package bridge

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

// classicType is a resource that the Terraform provider builds with terraform-plugin-sdk. The official plugin serves
// it over the classic bridge; only resources built with terraform-plugin-framework over the bridge that is used here
// for all.
type classicType struct {
	schema shim.SchemaMap
	infos  map[string]*info.Schema
	values tftypes.Type // distinguishes sets from lists, which the schema does not
}

// newClassicType returns nil for a resource of terraform-plugin-framework. The schema shows it: the sdk gives each of
// its resources an optional id, the framework's is computed, required or missing.
func newClassicType(schema shim.SchemaMap, infos map[string]*info.Schema, values tftypes.Type) *classicType {
	if id, ok := schema.GetOk("id"); !ok || !id.Optional() || !id.Computed() {
		return nil
	}
	return &classicType{schema: schema, infos: infos, values: values}
}

// classicProvider has resources planned and applied as they are over the classic bridge, where the context of a
// request says so.
type classicProvider struct {
	tfprotov6.ProviderServer
	schema atomic.Pointer[tfprotov6.GetProviderSchemaResponse]
}

// GetProviderSchema keeps the schema: no value can be decoded without it.
func (c *classicProvider) GetProviderSchema(
	ctx context.Context, r *tfprotov6.GetProviderSchemaRequest,
) (*tfprotov6.GetProviderSchemaResponse, error) {
	answer, err := c.ProviderServer.GetProviderSchema(ctx, r)
	if err == nil {
		c.schema.Store(answer)
	}
	return answer, err
}

// valueType returns the type of a resource's state, once the schema is known.
func (c *classicProvider) valueType(resource string) tftypes.Type {
	answer := c.schema.Load()
	if answer == nil || answer.ResourceSchemas[resource] == nil {
		return nil
	}
	return answer.ResourceSchemas[resource].ValueType()
}

// PlanResourceChange leaves out of the plan what the classic bridge loses by ignoring changes inside sets.
func (c *classicProvider) PlanResourceChange(
	ctx context.Context, r *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	answer, err := c.ProviderServer.PlanResourceChange(ctx, r)
	paths := ignoredInSets(ctx)
	if err != nil || len(paths) == 0 || answer.PlannedState == nil {
		return answer, err
	}
	ty := c.valueType(r.TypeName)
	if ty == nil {
		return nil, fmt.Errorf("the Terraform provider's schema has no resource %s", r.TypeName)
	}
	prior, priorErr := r.PriorState.Unmarshal(ty)
	config, configErr := r.Config.Unmarshal(ty)
	planned, plannedErr := answer.PlannedState.Unmarshal(ty)
	if err := errors.Join(priorErr, configErr, plannedErr); err != nil {
		return nil, err
	}
	for _, path := range paths {
		planned = path.lose(prior, config, planned)
	}
	state, err := tfprotov6.NewDynamicValue(ty, planned)
	answer.PlannedState = &state
	return answer, err
}

// ApplyResourceChange passes on the timeouts that the program sets.
func (c *classicProvider) ApplyResourceChange(
	ctx context.Context, r *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	private, err := timeoutsOf(ctx).into(r.PlannedPrivate)
	if err != nil {
		return nil, err
	}
	r.PlannedPrivate = private
	return c.ProviderServer.ApplyResourceChange(ctx, r)
}
