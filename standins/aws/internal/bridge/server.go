package bridge

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	sdk "github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	pfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
)

// Log shows messages to the user.
type Log interface {
	Log(ctx context.Context, severity diag.Severity, urn resource.URN, message string) error
	LogStatus(ctx context.Context, severity diag.Severity, urn resource.URN, message string) error
}

// NewServer serves the SDK over the Terraform provider.
func NewServer(
	ctx context.Context, t *table.Table, terraform tfprotov6.ProviderServer, files *Files, log Log,
) (pulumirpc.ResourceProviderServer, error) {
	classic := &classicProvider{ProviderServer: &terraformProvider{terraform}}
	i, err := newInfo(ctx, t, classic)
	if err != nil {
		return nil, err
	}
	schema, err := json.Marshal(map[string]string{"name": i.Name, "version": i.Version})
	if err != nil {
		return nil, err
	}
	inner, err := pfbridge.NewProviderServer(ctx, withoutErrors{log}, i, pfbridge.ProviderMetadata{PackageSchema: schema})
	if err != nil {
		return nil, err
	}
	return &server{
		ResourceProviderServer: inner,
		files:                  files,
		resources:              newTypes(t.Resources, i.P.ResourcesMap(), i.Resources, classic),
		functions:              newTypes(t.Functions, i.P.DataSourcesMap(), nil, nil),
	}, nil
}

// server converts values that differ between the SDK and Terraform beyond names and nesting, in both directions.
type server struct {
	pulumirpc.ResourceProviderServer
	files                *Files
	resources, functions map[string]typeInfo
}

// typeInfo describes a type of resource or a function.
type typeInfo struct {
	kinds   *kinds
	name    resource.PropertyKey // that is generated when it is left out
	classic *classicType         // nil if the official plugin serves it over the same bridge
}

func newTypes(
	entries map[string]*table.Entry, schemas shim.ResourceMap, resources map[string]*info.Resource,
	classic *classicProvider,
) map[string]typeInfo {
	types := map[string]typeInfo{}
	for token, entry := range entries {
		schema := schemas.Get(entry.Terraform).Schema()
		t := typeInfo{kinds: newKinds(entry.Fields, schema)}
		if r := resources[entry.Terraform]; r != nil {
			for attribute, field := range r.Fields {
				if field.Default != nil {
					t.name = resource.PropertyKey(propertyName(attribute, schema, r.Fields))
				}
			}
			t.classic = newClassicType(schema, r.Fields, classic.valueType(entry.Terraform))
		}
		types[token] = t
	}
	return types
}

func (s *server) typeOf(urn string) typeInfo { return s.resources[string(resource.URN(urn).Type())] }

// Check generates names and encodes documents as strings. Archives and assets are not changed.
func (s *server) Check(ctx context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	x := s.exchange(s.typeOf(r.GetUrn()).kinds, false)
	r.Olds, r.News = x.lower(r.GetOlds()), x.lower(r.GetNews())
	if x.err != nil {
		return nil, x.err
	}
	answer, err := s.ResourceProviderServer.Check(ctx, r)
	if err != nil {
		return nil, explain(r.GetUrn(), err)
	}
	answer.Inputs = x.raise(answer.GetInputs())
	return answer, x.err
}

// Diff also reports when the old resource must be deleted first: with a name of the program's, as in the classic bridge.
func (s *server) Diff(ctx context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	t := s.typeOf(r.GetUrn())
	x := s.exchange(t.kinds, false)
	r.Olds, r.OldInputs, r.News = x.lower(r.GetOlds()), x.lower(r.GetOldInputs()), x.lower(r.GetNews())
	if x.err != nil {
		return nil, x.err
	}
	ignored, others := t.classic.splitIgnored(r.GetIgnoreChanges())
	r.IgnoreChanges = others
	answer, err := s.ResourceProviderServer.Diff(withIgnoredInSets(ctx, ignored), r)
	if err != nil {
		return nil, explain(r.GetUrn(), err)
	}
	if len(answer.GetReplaces()) > 0 && t.classic != nil && t.hasGivenName(resource.URN(r.GetUrn()), r.GetNews()) {
		answer.DeleteBeforeReplace = true
	}
	return answer, nil
}

// hasGivenName reports whether the name is the program's. A generated one is generated again for a replacement.
func (t typeInfo) hasGivenName(urn resource.URN, inputs *structpb.Struct) bool {
	name := inputs.GetFields()[string(t.name)].GetStringValue()
	return name != "" && !madeUp(urn, name)
}

// Create adds custom timeouts to the bridge's, and keeps a resource whose creation fails half way.
func (s *server) Create(ctx context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	t := s.typeOf(r.GetUrn())
	x := s.exchange(t.kinds, !r.GetPreview())
	r.Properties = x.lower(r.GetProperties())
	if x.err != nil {
		return nil, x.err
	}
	ctx, half := withHalfDone(t.classic.withTimeouts(ctx, sdk.TimeoutCreate, r.GetTimeout()))
	answer, err := s.ResourceProviderServer.Create(ctx, r)
	if err != nil {
		return nil, explain(r.GetUrn(), err)
	}
	answer.Properties = x.raise(answer.GetProperties())
	if x.err != nil {
		return nil, x.err
	}
	return answer, half.err(r.GetUrn(), answer.GetId(), answer.GetProperties())
}

// Update adds the same to the bridge's.
func (s *server) Update(ctx context.Context, r *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	t := s.typeOf(r.GetUrn())
	x := s.exchange(t.kinds, !r.GetPreview())
	r.Olds, r.OldInputs, r.News = x.lower(r.GetOlds()), x.lower(r.GetOldInputs()), x.lower(r.GetNews())
	if x.err != nil {
		return nil, x.err
	}
	ignored, others := t.classic.splitIgnored(r.GetIgnoreChanges())
	r.IgnoreChanges = others
	ctx = t.classic.withTimeouts(withIgnoredInSets(ctx, ignored), sdk.TimeoutUpdate, r.GetTimeout())
	ctx, half := withHalfDone(ctx)
	answer, err := s.ResourceProviderServer.Update(ctx, r)
	if err != nil {
		return nil, explain(r.GetUrn(), err)
	}
	answer.Properties = x.raise(answer.GetProperties())
	if x.err != nil {
		return nil, x.err
	}
	return answer, half.err(r.GetUrn(), r.GetId(), answer.GetProperties())
}

// Read restores the archives and assets that the state holds.
func (s *server) Read(ctx context.Context, r *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	x := s.exchange(s.typeOf(r.GetUrn()).kinds, false)
	r.Inputs, r.Properties = x.lower(r.GetInputs()), x.lower(r.GetProperties())
	if x.err != nil {
		return nil, x.err
	}
	answer, err := s.ResourceProviderServer.Read(ctx, r)
	if err != nil {
		return nil, explain(r.GetUrn(), err)
	}
	answer.Inputs, answer.Properties = x.raise(answer.GetInputs()), x.raise(answer.GetProperties())
	return answer, x.err
}

// Delete adds the timeouts to the bridge's.
func (s *server) Delete(ctx context.Context, r *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	t := s.typeOf(r.GetUrn())
	x := s.exchange(t.kinds, false)
	r.OldInputs, r.Properties = x.lower(r.GetOldInputs()), x.lower(r.GetProperties())
	if x.err != nil {
		return nil, x.err
	}
	ctx, err := t.classic.withDeletionTimeouts(ctx, r.GetTimeout(), r.GetProperties())
	if err != nil {
		return nil, explain(r.GetUrn(), err)
	}
	answer, err := s.ResourceProviderServer.Delete(ctx, r)
	return answer, explain(r.GetUrn(), err)
}

// Invoke is the bridge's.
func (s *server) Invoke(ctx context.Context, r *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	x := s.exchange(s.functions[r.GetTok()].kinds, false)
	r.Args = x.lower(r.GetArgs())
	if x.err != nil {
		return nil, x.err
	}
	answer, err := s.ResourceProviderServer.Invoke(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.GetTok(), err)
	}
	answer.Return = x.raise(answer.GetReturn())
	return answer, x.err
}

// exchange converts the properties of one call; the first error stays in err.
type exchange struct {
	files     *Files
	kinds     *kinds
	write     bool // files, because the provider reads them
	originals map[string]resource.PropertyValue
	err       error
}

func (s *server) exchange(k *kinds, write bool) *exchange {
	return &exchange{files: s.files, kinds: k, write: write, originals: map[string]resource.PropertyValue{}}
}

// everything keeps all marks, so that reading and writing properties loses none.
var everything = plugin.MarshalOptions{
	KeepUnknowns: true, KeepSecrets: true, KeepResources: true, KeepOutputValues: true,
}

func (x *exchange) lower(s *structpb.Struct) *structpb.Struct {
	return x.convert(s, func(p resource.PropertyMap) (resource.PropertyMap, error) {
		if err := x.files.originals(x.kinds, p, x.originals); err != nil {
			return nil, err
		}
		return x.kinds.each(p, x.files.lower(x.write))
	})
}

func (x *exchange) raise(s *structpb.Struct) *structpb.Struct {
	return x.convert(s, func(p resource.PropertyMap) (resource.PropertyMap, error) {
		return x.kinds.each(p, raise(x.originals))
	})
}

func (x *exchange) convert(
	s *structpb.Struct, convert func(resource.PropertyMap) (resource.PropertyMap, error),
) *structpb.Struct {
	if x.kinds == nil || s == nil || x.err != nil {
		return s
	}
	var properties resource.PropertyMap
	if properties, x.err = plugin.UnmarshalProperties(s, everything); x.err != nil {
		return nil
	}
	if properties, x.err = convert(properties); x.err != nil {
		return nil
	}
	var converted *structpb.Struct
	converted, x.err = plugin.MarshalProperties(properties, everything)
	return converted
}
