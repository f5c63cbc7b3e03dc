package serve

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
)

const urn = "urn:pulumi:stack::project::vault:index/mount:Mount::pki"

// fake is a provider whose responses a test sets.
type fake struct {
	plugin.UnimplementedProvider
	create func(context.Context, plugin.CreateRequest) (plugin.CreateResponse, error)
	diff   plugin.DiffResult
}

func (f *fake) Create(ctx context.Context, r plugin.CreateRequest) (plugin.CreateResponse, error) {
	return f.create(ctx, r)
}

func (f *fake) Diff(context.Context, plugin.DiffRequest) (plugin.DiffResponse, error) {
	return f.diff, nil
}

// served is the fake as the engine reaches it.
func served(t *testing.T, f *fake) pulumirpc.ResourceProviderServer {
	t.Helper()
	server := newServer(wrap(f, semver.MustParse("6.7.4")))
	if _, err := server.Handshake(t.Context(), &pulumirpc.ProviderHandshakeRequest{}); err != nil {
		t.Fatal(err)
	}
	return server
}

func create(t *testing.T, server pulumirpc.ResourceProviderServer, properties resource.PropertyMap) error {
	t.Helper()
	marshalled, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = server.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn, Properties: marshalled})
	return err
}

func TestVersion(t *testing.T) {
	info, err := served(t, &fake{}).GetPluginInfo(t.Context(), &emptypb.Empty{})
	if err != nil || info.Version != "6.7.4" {
		t.Errorf("got %v, %v", info, err)
	}
}

func TestErrorsNameTheResourceAndNoSecret(t *testing.T) {
	f := &fake{create: func(context.Context, plugin.CreateRequest) (plugin.CreateResponse, error) {
		return plugin.CreateResponse{}, errors.New("refused: hunter2 in hunter2hunter2, or")
	}}
	err := create(t, served(t, f), resource.PropertyMap{
		"a": resource.MakeSecret(resource.NewProperty(resource.PropertyMap{"list": resource.NewProperty([]resource.PropertyValue{resource.NewProperty("hunter2")})})),
		"b": resource.MakeSecret(resource.NewProperty("or")),
		"c": resource.NewProperty("refused"),
	})
	const want = `vault:index:Mount "pki": refused: [secret] in [secret][secret], or`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestHalfMadeResourcesAreKept(t *testing.T) {
	f := &fake{create: func(context.Context, plugin.CreateRequest) (plugin.CreateResponse, error) {
		state := resource.PropertyMap{"key": resource.MakeSecret(resource.NewProperty("hunter2"))}
		return plugin.CreateResponse{}, &Half{ID: "id", State: state, Err: errors.New("not read back")}
	}}
	err := create(t, served(t, f), nil)
	converted := rpcerror.Convert(err)
	if len(converted.Details()) != 1 {
		t.Fatalf("got %v", err)
	}
	detail, ok := converted.Details()[0].(*pulumirpc.ErrorResourceInitFailed)
	if !ok || detail.Id != "id" || !strings.Contains(detail.Reasons[0], `vault:index:Mount "pki": not read back`) {
		t.Errorf("got %v", detail)
	}
	state, err := plugin.UnmarshalProperties(detail.Properties, plugin.MarshalOptions{KeepSecrets: true})
	if err != nil || !state["key"].IsSecret() {
		t.Errorf("got %v, %v", state, err)
	}
}

func TestInterruptEndsRequests(t *testing.T) {
	started := make(chan struct{})
	f := &fake{create: func(ctx context.Context, _ plugin.CreateRequest) (plugin.CreateResponse, error) {
		close(started)
		<-ctx.Done()
		return plugin.CreateResponse{}, context.Cause(ctx)
	}}
	server := served(t, f)
	ended := make(chan error)
	go func() { ended <- create(t, server, nil) }()
	<-started
	if _, err := server.Cancel(t.Context(), &emptypb.Empty{}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it ended well")
		}
	case <-time.After(10 * time.Second):
		t.Error("the request goes on")
	}
}

func TestDiffsAreDetailed(t *testing.T) {
	f := &fake{diff: plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: map[string]plugin.PropertyDiff{
		"gone": {Kind: plugin.DiffDeleteReplace}, "less": {Kind: plugin.DiffDelete}, "new": {Kind: plugin.DiffAdd},
	}}}
	diff, err := served(t, f).Diff(t.Context(), &pulumirpc.DiffRequest{Urn: urn})
	if err != nil || !diff.HasDetailedDiff || len(diff.Replaces) != 1 || diff.Replaces[0] != "gone" {
		t.Fatalf("got %v, %v", diff, err)
	}
	for path, want := range map[string]pulumirpc.PropertyDiff_Kind{
		"gone": pulumirpc.PropertyDiff_DELETE_REPLACE, "less": pulumirpc.PropertyDiff_DELETE, "new": pulumirpc.PropertyDiff_ADD,
	} {
		if got := diff.DetailedDiff[path].Kind; got != want {
			t.Errorf("%s: got %v", path, got)
		}
	}
	f.diff = plugin.DiffResult{Changes: plugin.DiffNone}
	if diff, err := served(t, f).Diff(t.Context(), &pulumirpc.DiffRequest{Urn: urn}); err != nil || diff.HasDetailedDiff || diff.Changes != pulumirpc.DiffResponse_DIFF_NONE {
		t.Errorf("got %v, %v", diff, err)
	}
}
