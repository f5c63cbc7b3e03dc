// Package vault implements a provider for the types of pulumi-vault that Gatehouse
// uses, over Vault's own API. It behaves as the official one; README.md lists the
// differences.
package vault

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/hashicorp/vault/api"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/change"
	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/serve"
)

// Provider serves the types.
type Provider struct {
	plugin.UnimplementedProvider

	config config
	mutex  sync.Mutex
	vault  *api.Client // set at the first request
}

// New returns a provider that must be configured.
func New() *Provider { return &Provider{} }

// CheckConfig checks the provider's configuration. A token is secret, also if the
// program does not mark it.
func (p *Provider) CheckConfig(_ context.Context, r plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	_, problems := readConfig(r.News)
	if token := r.News["token"]; !token.IsNull() && !token.IsSecret() {
		r.News["token"] = resource.MakeSecret(token)
	}
	return plugin.CheckConfigResponse{Properties: r.News, Failures: failures(problems)}, nil
}

// DiffConfig reports no change of the configuration that requires new resources.
func (p *Provider) DiffConfig(_ context.Context, r plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	if r.OldInputs.DeepEquals(r.NewInputs) {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	return plugin.DiffResult{Changes: plugin.DiffSome}, nil
}

// Configure sets the configuration. The first request to Vault is made when one is
// needed.
func (p *Provider) Configure(_ context.Context, r plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	config, problems := readConfig(r.Inputs)
	p.config = config
	if len(problems) > 0 {
		return plugin.ConfigureResponse{}, errors.New(strings.Join(problems, "\n"))
	}
	return plugin.ConfigureResponse{}, nil
}

// Check checks a resource's inputs and adds the defaults.
func (p *Provider) Check(_ context.Context, r plugin.CheckRequest) (plugin.CheckResponse, error) {
	d, err := find(r.URN)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	inputs, problems := d.check(r)
	return plugin.CheckResponse{Properties: inputs, Failures: failures(problems)}, nil
}

// failures converts the problems of a check. They name their property themselves:
// the engine would show its value too, and it may be a secret.
func failures(problems []string) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	for _, problem := range problems {
		failures = append(failures, plugin.CheckFailure{Reason: problem})
	}
	return failures
}

// Diff compares a resource's state with new inputs.
func (p *Provider) Diff(ctx context.Context, r plugin.DiffRequest) (plugin.DiffResponse, error) {
	d, err := find(r.URN)
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	changes, err := d.changes(r.OldOutputs, r.NewInputs)
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	if d.due != nil {
		due, err := p.due(ctx, d, r)
		if err != nil {
			return plugin.DiffResponse{}, err
		}
		changes = append(changes, due...)
	}
	return change.Result(changes, r.IgnoreChanges, d.deletesFirst(r.NewInputs))
}

func (p *Provider) due(ctx context.Context, d definition, r plugin.DiffRequest) ([]change.Change, error) {
	// The new inputs decide: renewal may have been switched on or off.
	state, err := d.values(known(d.planned(r.OldOutputs, r.NewInputs)))
	if err != nil {
		return nil, err
	}
	vault, err := p.client(ctx, state)
	if err != nil {
		return nil, err
	}
	names, err := d.due(ctx, vault, state)
	if err != nil {
		return nil, p.explain(err)
	}
	var changes []change.Change
	for _, name := range names {
		path := resource.PropertyPath{string(d.field(name).property())}
		changes = append(changes, change.Change{Path: path, Kind: plugin.DiffUpdateReplace})
	}
	return changes, nil
}

// known leaves out the properties that are not known yet.
func known(properties resource.PropertyMap) resource.PropertyMap {
	known := resource.PropertyMap{}
	for key, property := range properties {
		if !property.ContainsUnknowns() {
			known[key] = property
		}
	}
	return known
}

// Create creates a resource.
func (p *Provider) Create(ctx context.Context, r plugin.CreateRequest) (plugin.CreateResponse, error) {
	d, err := find(r.URN)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	if r.Preview {
		return plugin.CreateResponse{Properties: d.planned(nil, r.Properties)}, nil
	}
	inputs, err := d.values(r.Properties)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	vault, err := p.client(ctx, inputs)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	id, found, err := d.create(ctx, vault, inputs)
	if err != nil {
		return plugin.CreateResponse{}, p.explain(err)
	}
	state := maps.Clone(inputs)
	maps.Copy(state, found)
	properties, err := p.refreshed(ctx, d, vault, resource.ID(id), state, r.Properties)
	return plugin.CreateResponse{ID: resource.ID(id), Properties: properties}, err
}

// refreshed returns the state after a change. The change is made, so that an error
// is a Half.
func (p *Provider) refreshed(ctx context.Context, d definition, vault *api.Client, id resource.ID, state values,
	before ...resource.PropertyMap,
) (resource.PropertyMap, error) {
	fresh := state
	if d.read != nil {
		var err error
		if fresh, err = d.read(ctx, vault, string(id), state); err == nil && fresh == nil {
			err = errors.New("is gone right after it was written: does something else manage it, too?")
		}
		if err != nil {
			return nil, &serve.Half{ID: id, State: d.properties(state, before...), Err: p.explain(err)}
		}
	}
	return d.properties(fresh, before...), nil
}

// Read reads a resource's state. Only resources that the stack created can be read.
// Of those created by a deployment that was killed, there are only the inputs.
func (p *Provider) Read(ctx context.Context, r plugin.ReadRequest) (plugin.ReadResponse, error) {
	d, err := find(r.URN)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	if len(r.State) == 0 && d.adopted && len(r.Inputs) > 0 {
		r.State = r.Inputs
	}
	if len(r.State) == 0 {
		return plugin.ReadResponse{}, errors.New("can't be imported: this stand-in reads only what the stack made")
	}
	result := plugin.ReadResult{ID: r.ID, Inputs: r.Inputs, Outputs: r.State}
	if d.read != nil {
		state, err := d.values(r.State)
		if err != nil {
			return plugin.ReadResponse{}, err
		}
		vault, err := p.client(ctx, state)
		if err != nil {
			return plugin.ReadResponse{}, err
		}
		fresh, err := d.read(ctx, vault, string(r.ID), state)
		if err != nil {
			return plugin.ReadResponse{}, p.explain(err)
		}
		if fresh == nil {
			return plugin.ReadResponse{}, nil
		}
		result.Outputs = d.properties(fresh, r.State, r.Inputs)
		result.Inputs = refreshedInputs(r.Inputs, result.Outputs)
	}
	return plugin.ReadResponse{ReadResult: result}, nil
}

// refreshedInputs returns the inputs that would result in the state.
func refreshedInputs(inputs, state resource.PropertyMap) resource.PropertyMap {
	refreshed := resource.PropertyMap{}
	for key, property := range inputs {
		refreshed[key] = property
		if now, known := state[key]; known {
			refreshed[key] = now
		}
	}
	return refreshed
}

// Update changes a resource in place.
func (p *Provider) Update(ctx context.Context, r plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	d, err := find(r.URN)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	planned := d.planned(r.OldOutputs, r.NewInputs)
	if r.Preview {
		return plugin.UpdateResponse{Properties: planned}, nil
	}
	state, err := d.values(r.OldOutputs)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	wanted, err := d.values(planned)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	vault, err := p.client(ctx, state)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	if d.update != nil {
		if err := d.update(ctx, vault, string(r.ID), state, wanted); err != nil {
			return plugin.UpdateResponse{}, p.explain(err)
		}
	}
	properties, err := p.refreshed(ctx, d, vault, r.ID, wanted, planned)
	return plugin.UpdateResponse{Properties: properties}, err
}

// Delete destroys a resource.
func (p *Provider) Delete(ctx context.Context, r plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	d, err := find(r.URN)
	if err != nil || d.remove == nil {
		return plugin.DeleteResponse{}, err
	}
	state, err := d.values(r.Outputs)
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	vault, err := p.client(ctx, state)
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	return plugin.DeleteResponse{}, p.explain(d.remove(ctx, vault, string(r.ID), state))
}

// find returns the definition of the resource's type.
func find(urn resource.URN) (definition, error) {
	d, served := definitions[urn.Type()]
	if !served {
		return definition{}, fmt.Errorf("%s is a type that this stand-in does not serve; it serves %s", urn.Type(), tokensOf(definitions))
	}
	return d, nil
}

func tokensOf[Token ~string, T any](served map[Token]T) string {
	var texts []string
	for _, token := range slices.Sorted(maps.Keys(served)) {
		texts = append(texts, string(token))
	}
	return strings.Join(texts, ", ")
}
