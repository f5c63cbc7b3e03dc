package serve

import (
	"context"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// server corrects the diffs of the SDK's server, which does not mark them as
// detailed, so that the engine ignores the details.
type server struct {
	pulumirpc.ResourceProviderServer
}

func newServer(p plugin.Provider) pulumirpc.ResourceProviderServer {
	return server{plugin.NewProviderServer(p)}
}

func (s server) Diff(ctx context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return completed(s.ResourceProviderServer.Diff(ctx, request))
}

func (s server) DiffConfig(ctx context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return completed(s.ResourceProviderServer.DiffConfig(ctx, request))
}

func completed(diff *pulumirpc.DiffResponse, err error) (*pulumirpc.DiffResponse, error) {
	if err != nil {
		return nil, err
	}
	diff.HasDetailedDiff = len(diff.DetailedDiff) > 0
	for path, property := range diff.DetailedDiff {
		if property.Kind == pulumirpc.PropertyDiff_DELETE && slices.Contains(diff.Replaces, path) {
			property.Kind = pulumirpc.PropertyDiff_DELETE_REPLACE
		}
	}
	return diff, nil
}
