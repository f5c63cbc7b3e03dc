package serve

import (
	"context"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// wrapped is a provider whose errors name their resource, and whose requests end
// when the user interrupts the CLI.
type wrapped struct {
	plugin.Provider
	version     semver.Version
	interrupted context.Context
	interrupt   context.CancelFunc
}

func wrap(p plugin.Provider, version semver.Version) *wrapped {
	interrupted, interrupt := context.WithCancel(context.Background())
	return &wrapped{p, version, interrupted, interrupt}
}

// GetPluginInfo returns the version, which the engine compares with the SDK's.
func (w *wrapped) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	return plugin.PluginInfo{Version: &w.version}, nil
}

func (w *wrapped) Handshake(context.Context, plugin.ProviderHandshakeRequest) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true, SupportsAutonamingConfiguration: true}, nil
}

func (w *wrapped) SignalCancellation(context.Context) error {
	w.interrupt()
	return nil
}

func (w *wrapped) Check(ctx context.Context, r plugin.CheckRequest) (plugin.CheckResponse, error) {
	return run(ctx, w, w.Provider.Check, r, r.URN, r.News, r.Olds)
}

func (w *wrapped) Diff(ctx context.Context, r plugin.DiffRequest) (plugin.DiffResponse, error) {
	return run(ctx, w, w.Provider.Diff, r, r.URN, r.NewInputs, r.OldOutputs)
}

func (w *wrapped) Create(ctx context.Context, r plugin.CreateRequest) (plugin.CreateResponse, error) {
	return run(ctx, w, w.Provider.Create, r, r.URN, r.Properties)
}

func (w *wrapped) Read(ctx context.Context, r plugin.ReadRequest) (plugin.ReadResponse, error) {
	return run(ctx, w, w.Provider.Read, r, r.URN, r.State)
}

func (w *wrapped) Update(ctx context.Context, r plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	return run(ctx, w, w.Provider.Update, r, r.URN, r.NewInputs, r.OldOutputs)
}

func (w *wrapped) Delete(ctx context.Context, r plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	return run(ctx, w, w.Provider.Delete, r, r.URN, r.Outputs)
}

// Invoke returns errors as they are: the engine adds the function's name.
func (w *wrapped) Invoke(ctx context.Context, r plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	ctx, cancel := w.until(ctx)
	defer cancel()
	return w.Provider.Invoke(ctx, r)
}

// until returns a context that also ends when the CLI is interrupted.
func (w *wrapped) until(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(w.interrupted, cancel)
	return ctx, func() { stop(); cancel() }
}

func run[Request, Response any](ctx context.Context, w *wrapped, do func(context.Context, Request) (Response, error),
	request Request, urn resource.URN, properties ...resource.PropertyMap,
) (Response, error) {
	ctx, cancel := w.until(ctx)
	defer cancel()
	response, err := do(ctx, request)
	return response, explain(urn, err, properties)
}
