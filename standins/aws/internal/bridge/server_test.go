package bridge

import (
	"context"
	"errors"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
)

const functionURN = "urn:pulumi:s::p::aws:lambda/function:Function::fn"

func properties(t *testing.T, name string) *structpb.Struct {
	s, err := structpb.NewStruct(map[string]any{"name": name})
	require.NoError(t, err)
	return s
}

// bridged holds the properties that a bridge gets, which returns its request.
type bridged struct {
	pulumirpc.UnimplementedResourceProviderServer
	code string
	err  error
	half error
}

func (b *bridged) Check(_ context.Context, r *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	b.code = r.GetNews().GetFields()["code"].GetStringValue()
	return &pulumirpc.CheckResponse{Inputs: r.GetNews()}, b.err
}

func (b *bridged) Create(ctx context.Context, r *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	b.code = r.GetProperties().GetFields()["code"].GetStringValue()
	ctx.Value(halfDoneKey{}).(*halfDone).failure = b.half
	return &pulumirpc.CreateResponse{Id: "fn-1", Properties: r.GetProperties()}, b.err
}

func (b *bridged) Diff(_ context.Context, r *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Replaces: []string{"x"}}, b.err
}

func newTestServer(t *testing.T, b *bridged) *server {
	files := &Files{}
	t.Cleanup(func() { assert.NoError(t, files.Close()) })
	return &server{ResourceProviderServer: b, files: files, resources: map[string]typeInfo{
		"aws:lambda/function:Function": {
			name:  "name",
			kinds: &kinds{fields: map[resource.PropertyKey]*kinds{"code": {kind: table.Archive}}},
		},
	}}
}

func withArchive(t *testing.T) *structpb.Struct {
	a, err := archive.FromAssets(map[string]any{})
	require.NoError(t, err)
	s, err := plugin.MarshalProperties(resource.PropertyMap{"code": resource.NewArchiveProperty(a)}, everything)
	require.NoError(t, err)
	return s
}

func TestArchivesAreFilesInsideOnly(t *testing.T) {
	b := &bridged{}
	s := newTestServer(t, b)
	checked, err := s.Check(t.Context(), &pulumirpc.CheckRequest{Urn: functionURN, News: withArchive(t)})
	require.NoError(t, err)
	assert.NoFileExists(t, b.code)

	created, err := s.Create(t.Context(), &pulumirpc.CreateRequest{Urn: functionURN, Properties: checked.GetInputs()})
	require.NoError(t, err)
	assert.FileExists(t, b.code)

	outputs, err := plugin.UnmarshalProperties(created.GetProperties(), everything)
	require.NoError(t, err)
	assert.True(t, outputs["code"].IsArchive(), "the state holds no path")
}

func TestErrorsNameTheResource(t *testing.T) {
	b := &bridged{err: errors.New("no capacity")}
	_, err := newTestServer(t, b).Create(t.Context(), &pulumirpc.CreateRequest{Urn: functionURN, Properties: withArchive(t)})
	assert.EqualError(t, err, `aws:lambda:Function "fn": no capacity`)
}

func TestWhatWasMadeHalfIsRecorded(t *testing.T) {
	b := &bridged{half: errors.New("timeout while waiting")}
	_, err := newTestServer(t, b).Create(t.Context(), &pulumirpc.CreateRequest{Urn: functionURN, Properties: withArchive(t)})
	require.Error(t, err)
	s, ok := status.FromError(err)
	require.True(t, ok)
	require.Len(t, s.Details(), 1)
	detail := s.Details()[0].(*pulumirpc.ErrorResourceInitFailed)
	assert.Equal(t, "fn-1", detail.GetId())
	assert.Contains(t, detail.GetProperties().GetFields(), "code")
	assert.Equal(t, []string{`aws:lambda:Function "fn": timeout while waiting`}, detail.GetReasons())
}

func TestReplacementOfWhatHasAName(t *testing.T) {
	for name, test := range map[string]struct {
		classic   *classicType
		is        string
		oldsFirst bool
	}{
		"the program's":                 {&classicType{}, "mine", true},
		"made up":                       {&classicType{}, "fn-0123abc", false},
		"the program's, framework type": {nil, "mine", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestServer(t, &bridged{})
			function := s.resources["aws:lambda/function:Function"]
			function.classic = test.classic
			s.resources["aws:lambda/function:Function"] = function
			answer, err := s.Diff(t.Context(), &pulumirpc.DiffRequest{
				Urn: functionURN, Olds: properties(t, "mine"), News: properties(t, test.is),
			})
			require.NoError(t, err)
			assert.Equal(t, test.oldsFirst, answer.GetDeleteBeforeReplace())
		})
	}
}

// answering is a Terraform provider with a fixed response.
type answering struct {
	tfprotov6.ProviderServer
	state       *tfprotov6.DynamicValue
	diagnostics []*tfprotov6.Diagnostic
}

func (a answering) ApplyResourceChange(
	context.Context, *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	return &tfprotov6.ApplyResourceChangeResponse{NewState: a.state, Diagnostics: a.diagnostics}, nil
}

func (a answering) ReadResource(
	context.Context, *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	return &tfprotov6.ReadResourceResponse{NewState: a.state, Diagnostics: a.diagnostics}, nil
}

var thing = &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{Attributes: []*tfprotov6.SchemaAttribute{
	{Name: "name", Type: tftypes.String},
	{Name: "tags", Type: tftypes.Map{ElementType: tftypes.String}},
	{Name: "layers", Type: tftypes.Set{ElementType: tftypes.String}},
}}}

func state(t *testing.T, name, tags, layers any) *tfprotov6.DynamicValue {
	ty := thing.ValueType().(tftypes.Object)
	v, err := tfprotov6.NewDynamicValue(ty, tftypes.NewValue(ty, map[string]tftypes.Value{
		"name":   tftypes.NewValue(tftypes.String, name),
		"tags":   tftypes.NewValue(ty.AttributeTypes["tags"], tags),
		"layers": tftypes.NewValue(ty.AttributeTypes["layers"], layers),
	}))
	require.NoError(t, err)
	return &v
}

func gone(t *testing.T) *tfprotov6.DynamicValue {
	v, err := tfprotov6.NewDynamicValue(thing.ValueType(), tftypes.NewValue(thing.ValueType(), nil))
	require.NoError(t, err)
	return &v
}

func TestApplyErrors(t *testing.T) {
	failed := []*tfprotov6.Diagnostic{
		{Severity: tfprotov6.DiagnosticSeverityWarning, Summary: "old"},
		{Severity: tfprotov6.DiagnosticSeverityError, Summary: "creating", Detail: "denied"},
		{Severity: tfprotov6.DiagnosticSeverityError, Summary: "tagging", Attribute: tftypes.NewAttributePath().WithAttributeName("tags")},
	}
	const told = "creating: denied\ntagging (at AttributeName(\"tags\"))"
	t.Run("nothing was made", func(t *testing.T) {
		ctx, half := withHalfDone(t.Context())
		p := &terraformProvider{answering{state: gone(t), diagnostics: failed}}
		_, err := p.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{})
		require.EqualError(t, err, told)
		assert.NoError(t, half.failure)
	})
	t.Run("something was made", func(t *testing.T) {
		ctx, half := withHalfDone(t.Context())
		p := &terraformProvider{answering{state: state(t, "x", nil, nil), diagnostics: failed}}
		answer, err := p.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{})
		require.NoError(t, err)
		assert.Empty(t, answer.Diagnostics)
		assert.EqualError(t, half.failure, told)
	})
	t.Run("deletion", func(t *testing.T) {
		p := &terraformProvider{answering{state: state(t, "x", nil, nil), diagnostics: failed}}
		_, err := p.ApplyResourceChange(t.Context(), &tfprotov6.ApplyResourceChangeRequest{})
		assert.EqualError(t, err, told)
	})
}

func TestReadWithoutNoise(t *testing.T) {
	none, some := map[string]tftypes.Value{}, map[string]tftypes.Value{"a": tftypes.NewValue(tftypes.String, "b")}
	empty := []tftypes.Value{}
	for name, test := range map[string]struct{ before, after, want *tfprotov6.DynamicValue }{
		"unset stays unset":  {state(t, "x", nil, nil), state(t, "y", none, empty), state(t, "y", nil, nil)},
		"empty stays empty":  {state(t, "x", none, empty), state(t, "x", none, empty), state(t, "x", none, empty)},
		"set is seen":        {state(t, "x", nil, nil), state(t, "x", some, nil), state(t, "x", some, nil)},
		"emptied is seen":    {state(t, "x", some, nil), state(t, "x", none, nil), state(t, "x", none, nil)},
		"deletion is seen":   {state(t, "x", nil, nil), gone(t), gone(t)},
		"import is complete": {gone(t), state(t, "x", none, empty), state(t, "x", none, empty)},
	} {
		t.Run(name, func(t *testing.T) {
			p := &terraformProvider{answering{state: test.after}}
			answer, err := p.ReadResource(t.Context(), &tfprotov6.ReadResourceRequest{TypeName: "thing", CurrentState: test.before})
			require.NoError(t, err)
			want, err := test.want.Unmarshal(thing.ValueType())
			require.NoError(t, err)
			got, err := answer.NewState.Unmarshal(thing.ValueType())
			require.NoError(t, err)
			assert.True(t, want.Equal(got), "want %s\ngot  %s", want, got)
		})
	}
}

type recordedLog struct{ messages []string }

func (l *recordedLog) Log(_ context.Context, _ diag.Severity, _ resource.URN, m string) error {
	l.messages = append(l.messages, m)
	return nil
}

func (l *recordedLog) LogStatus(ctx context.Context, s diag.Severity, u resource.URN, m string) error {
	return l.Log(ctx, s, u, m)
}

func TestLogHasNoErrors(t *testing.T) {
	log := &recordedLog{}
	quiet := withoutErrors{log}
	require.NoError(t, quiet.Log(t.Context(), diag.Error, "", "returned as well"))
	require.NoError(t, quiet.Log(t.Context(), diag.Warning, "", "deprecated"))
	require.NoError(t, quiet.LogStatus(t.Context(), diag.Info, "", "waiting"))
	assert.Equal(t, []string{"deprecated", "waiting"}, log.messages)
}
