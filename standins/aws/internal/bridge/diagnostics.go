package bridge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/vmihailenco/msgpack/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"
)

// withoutErrors drops errors from the log: the bridge logs each one and returns it too, and the CLI shows both.
type withoutErrors struct{ log Log }

func (l withoutErrors) Log(ctx context.Context, s diag.Severity, urn resource.URN, message string) error {
	if s == diag.Error {
		return nil
	}
	return l.log.Log(ctx, s, urn, message)
}

func (l withoutErrors) LogStatus(ctx context.Context, s diag.Severity, urn resource.URN, message string) error {
	return l.log.LogStatus(ctx, s, urn, message)
}

// terraformProvider returns the errors among a Terraform provider's diagnostics as one error, where the bridge
// would return the first one only, and reads resources without spurious changes.
type terraformProvider struct{ tfprotov6.ProviderServer }

func (d *terraformProvider) GetProviderSchema(
	ctx context.Context, r *tfprotov6.GetProviderSchemaRequest,
) (*tfprotov6.GetProviderSchemaResponse, error) {
	answer, err := d.ProviderServer.GetProviderSchema(ctx, r)
	if err != nil {
		return nil, err
	}
	return answer, errorIn(answer.Diagnostics)
}

func (d *terraformProvider) ConfigureProvider(
	ctx context.Context, r *tfprotov6.ConfigureProviderRequest,
) (*tfprotov6.ConfigureProviderResponse, error) {
	answer, err := d.ProviderServer.ConfigureProvider(ctx, r)
	if err != nil {
		return nil, err
	}
	return answer, errorIn(answer.Diagnostics)
}

func (d *terraformProvider) ReadResource(
	ctx context.Context, r *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	answer, err := d.ProviderServer.ReadResource(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := errorIn(answer.Diagnostics); err != nil {
		return nil, err
	}
	if answer.NewState != nil {
		answer.NewState, err = withoutNoise(r.CurrentState, answer.NewState)
	}
	return answer, err
}

func (d *terraformProvider) PlanResourceChange(
	ctx context.Context, r *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	answer, err := d.ProviderServer.PlanResourceChange(ctx, r)
	if err != nil {
		return nil, err
	}
	return answer, errorIn(answer.Diagnostics)
}

func (d *terraformProvider) ReadDataSource(
	ctx context.Context, r *tfprotov6.ReadDataSourceRequest,
) (*tfprotov6.ReadDataSourceResponse, error) {
	answer, err := d.ProviderServer.ReadDataSource(ctx, r)
	if err != nil {
		return nil, err
	}
	return answer, errorIn(answer.Diagnostics)
}

// ApplyResourceChange keeps the error for later when there is a state to be kept: the bridge would drop a resource that
// exists already.
func (d *terraformProvider) ApplyResourceChange(
	ctx context.Context, r *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	answer, err := d.ProviderServer.ApplyResourceChange(ctx, r)
	if err != nil {
		return nil, err
	}
	failure := errorIn(answer.Diagnostics)
	if failure == nil {
		return answer, nil
	}
	half, ok := ctx.Value(halfDoneKey{}).(*halfDone)
	if gone, err := answer.NewState.IsNull(); !ok || err != nil || gone {
		return nil, failure
	}
	half.failure = failure
	answer.Diagnostics = nil
	return answer, nil
}

// withoutNoise does not change an attribute that has never been set when the provider reads it as empty: the two mean
// the same, and a refresh would report it as a change of every resource. It compares the attributes' encoding only: to
// decode all of a web ACL takes a quarter of a second.
func withoutNoise(before, after *tfprotov6.DynamicValue) (*tfprotov6.DynamicValue, error) {
	var was, is map[string]msgpack.RawMessage
	err := errors.Join(msgpack.Unmarshal(before.MsgPack, &was), msgpack.Unmarshal(after.MsgPack, &is))
	if err != nil || was == nil || is == nil {
		return after, err
	}
	for name, value := range is {
		// Null is decoded to no bytes.
		if len(value) == 0 || len(was[name]) == 0 && (bytes.Equal(value, emptyList) || bytes.Equal(value, emptyMap)) {
			is[name] = null
		}
	}
	quiet, err := msgpack.Marshal(is)
	return &tfprotov6.DynamicValue{MsgPack: quiet}, err
}

// Values in MessagePack. A set is a list there.
var (
	null      = msgpack.RawMessage{0xc0}
	emptyList = msgpack.RawMessage{0x90}
	emptyMap  = msgpack.RawMessage{0x80}
)

// errorIn joins what a provider reports as errors.
func errorIn(diagnostics []*tfprotov6.Diagnostic) error {
	var failures []error
	for _, d := range diagnostics {
		if d.Severity != tfprotov6.DiagnosticSeverityError {
			continue
		}
		text := d.Summary
		if d.Detail != "" && d.Detail != d.Summary {
			text += ": " + d.Detail
		}
		if d.Attribute != nil && len(d.Attribute.Steps()) > 0 {
			text += fmt.Sprintf(" (at %s)", d.Attribute)
		}
		failures = append(failures, errors.New(strings.TrimSpace(text)))
	}
	return errors.Join(failures...)
}

// halfDone is the error of a change that failed after it had an effect.
type halfDone struct{ failure error }

type halfDoneKey struct{}

func withHalfDone(ctx context.Context) (context.Context, *halfDone) {
	h := &halfDone{}
	return context.WithValue(ctx, halfDoneKey{}, h), h
}

// err returns the error with which the engine records a resource although its change failed.
func (h *halfDone) err(urn, id string, properties *structpb.Struct) error {
	if h.failure == nil {
		return nil
	}
	failure := explain(urn, h.failure)
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, failure.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: properties, Reasons: []string{failure.Error()},
	})
}

// explain adds the resource to an error.
func explain(urn string, err error) error {
	if err == nil {
		return nil
	}
	u := resource.URN(urn)
	return fmt.Errorf("%s %q: %w", u.Type().DisplayName(), u.Name(), err)
}
