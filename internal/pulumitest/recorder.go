// Package pulumitest runs programs and components against mocked providers, and records
// all resources that they register.
package pulumitest

import (
	"slices"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/emptypb"
)

// The project and stack of the recorded program.
const (
	Project = "gatehouse"
	Stack   = "test"
)

// Recorder mocks the engine, an AWS account and Vault. Assert on it after the run, since
// assertions inside an apply may never run.
type Recorder struct {
	// Previous holds the outputs of the stack's last update, and PreviousError the error
	// of reading them.
	Previous      resource.PropertyMap
	PreviousError error

	mu            sync.Mutex
	registrations []Registration
	calls         []string
	outputs       int
}

// Run runs program against a new recorder.
func Run(program pulumi.RunFunc) (*Recorder, error) {
	r := &Recorder{}
	return r, r.Run(program)
}

// Run runs program against the recorder.
func (r *Recorder) Run(program pulumi.RunFunc) error {
	return pulumi.RunErr(program, pulumi.WithMocks(Project, Stack, r))
}

// Preview runs program as a preview does, against a new recorder: outputs of resources
// are known, as those of a stack that exists.
func Preview(program pulumi.RunFunc) (*Recorder, error) {
	r := &Recorder{}
	return r, pulumi.RunErr(program, pulumi.WithMocks(Project, Stack, r), func(info *pulumi.RunInfo) { info.DryRun = true })
}

// MustRun is [Run] for programs that must succeed.
func MustRun(t testing.TB, program pulumi.RunFunc) *Recorder {
	t.Helper()
	r, err := Run(program)
	require.NoError(t, err)
	return r
}

// NewResource implements [pulumi.MockResourceMonitor].
func (r *Recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.registrations = append(r.registrations, Registration{
		Type: args.TypeToken, Name: args.Name, Inputs: args.Inputs, Request: args.RegisterRPC,
	})
	return args.Name + "-id", state(args), nil
}

// Call implements [pulumi.MockResourceMonitor].
func (r *Recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	r.mu.Lock()
	r.calls = append(r.calls, args.Token)
	r.mu.Unlock()
	if args.Token == "pulumi:pulumi:readStackOutputs" {
		return resource.PropertyMap{"outputs": resource.NewProperty(r.Previous)}, r.PreviousError
	}
	return lookup(args)
}

// Calls returns the tokens of the functions that were called.
func (r *Recorder) Calls() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls)
}

// RegisterResourceOutputs counts the components, and the stack, that registered
// their outputs.
func (r *Recorder) RegisterResourceOutputs() (*emptypb.Empty, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outputs++
	return &emptypb.Empty{}, nil
}

// All returns all registrations.
func (r *Recorder) All() []Registration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.registrations)
}

// OfType returns the registrations with type token typ.
func (r *Recorder) OfType(typ string) []Registration {
	return slices.DeleteFunc(r.All(), func(g Registration) bool { return g.Type != typ })
}

// Only returns the one registration with type token typ.
func (r *Recorder) Only(t testing.TB, typ string) Registration {
	t.Helper()
	found := r.OfType(typ)
	require.Len(t, found, 1, "resources of type %s", typ)
	return found[0]
}

// Named returns the registration with type token typ and the given name.
func (r *Recorder) Named(t testing.TB, typ, name string) Registration {
	t.Helper()
	for _, g := range r.OfType(typ) {
		if g.Name == name {
			return g
		}
	}
	require.Failf(t, "no such resource", "%s %s", typ, name)
	return Registration{}
}

// OutputRegistrations returns how often outputs were registered: once for each
// component, and once for a stack.
func (r *Recorder) OutputRegistrations() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outputs
}

// Before returns the names of all resources that are created before registration g:
// those that it depends on, directly or not.
func (r *Recorder) Before(g Registration) []string {
	var names []string
	seen := map[urn.URN]bool{}
	var visit func(Registration)
	visit = func(g Registration) {
		for _, dependency := range g.Request.GetDependencies() {
			u := urn.URN(dependency)
			if seen[u] {
				continue
			}
			seen[u] = true
			names = append(names, u.Name())
			for _, other := range r.OfType(string(u.Type())) {
				if other.Name == u.Name() {
					visit(other)
				}
			}
		}
	}
	visit(g)
	return names
}

// witness is the type of the resource of [Resolve].
const witness = "pulumitest:index:Witness"

// Resolve runs program and returns the values of the outputs that it returns, in plain
// text. A run waits for no apply, but for the inputs of each resource: the outputs are
// inputs of one.
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
