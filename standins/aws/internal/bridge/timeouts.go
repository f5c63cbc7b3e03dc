package bridge

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/reservedkeys"
	"google.golang.org/protobuf/types/known/structpb"
)

// timeouts holds the timeout of one operation on a resource of terraform-plugin-sdk. This bridge leaves them out;
// the sdk reads them from what it keeps beside a state ("private"), where it writes the resource's own when it plans.
type timeouts struct {
	operation string // as the sdk spells it
	custom    time.Duration
	private   []byte // of the state: a deletion is not planned
}

type timeoutsContextKey struct{}

// withTimeouts passes a custom timeout of Pulumi, in seconds, to the Terraform provider; 0 is none.
func (t *classicType) withTimeouts(ctx context.Context, operation string, seconds float64) context.Context {
	if t == nil {
		return ctx // the official plugin leaves them out as well
	}
	custom := time.Duration(seconds * float64(time.Second))
	return context.WithValue(ctx, timeoutsContextKey{}, &timeouts{operation: operation, custom: custom})
}

// withDeletionTimeouts does the same for a deletion, for which the state has the resource's own.
func (t *classicType) withDeletionTimeouts(
	ctx context.Context, seconds float64, state *structpb.Struct,
) (context.Context, error) {
	ctx = t.withTimeouts(ctx, schema.TimeoutDelete, seconds)
	var meta struct {
		Private string `json:"private_state"`
	}
	text := state.GetFields()[reservedkeys.Meta].GetStringValue()
	known := timeoutsOf(ctx)
	if known == nil || text == "" {
		return ctx, nil
	}
	err := json.Unmarshal([]byte(text), &meta)
	if err == nil {
		known.private, err = base64.StdEncoding.DecodeString(meta.Private)
	}
	if err != nil {
		return ctx, fmt.Errorf("read what the state keeps for the Terraform provider: %w", err)
	}
	return ctx, nil
}

func timeoutsOf(ctx context.Context) *timeouts {
	t, _ := ctx.Value(timeoutsContextKey{}).(*timeouts)
	return t
}

// into adds the custom timeout to a plan. As with the official plugin, a resource without a timeout for its creation or
// its update gets none; a deletion always does.
func (t *timeouts) into(planned []byte) ([]byte, error) {
	if t == nil {
		return planned, nil
	}
	if len(planned) == 0 {
		planned = t.private
	}
	if t.custom == 0 {
		return planned, nil
	}
	private, durations := map[string]json.RawMessage{}, map[string]int64{}
	if len(planned) > 0 {
		if err := json.Unmarshal(planned, &private); err != nil {
			return nil, fmt.Errorf("read what was planned: %w", err)
		}
	}
	if private == nil { // the sdk writes null if it has nothing to keep
		private = map[string]json.RawMessage{}
	}
	if text, ok := private[schema.TimeoutKey]; ok {
		if err := json.Unmarshal(text, &durations); err != nil {
			return nil, fmt.Errorf("read the planned timeouts: %w", err)
		}
	}
	if _, ok := durations[t.operation]; !ok && t.operation != schema.TimeoutDelete {
		return planned, nil
	}
	durations[t.operation] = t.custom.Nanoseconds()
	text, err := json.Marshal(durations)
	if err != nil {
		return nil, err
	}
	private[schema.TimeoutKey] = text
	return json.Marshal(private)
}
