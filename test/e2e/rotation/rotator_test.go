package rotation

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// rotator is the stack's rotator, with the event that its schedule sends.
type rotator struct {
	function
	event rotatorapi.Event
}

func newRotator(f function, event string) (rotator, error) {
	r := rotator{function: f}
	if err := json.Unmarshal([]byte(event), &r.event); err != nil {
		return rotator{}, fmt.Errorf("the stack's output rotationEvent: %w", err)
	}
	return r, nil
}

// do sends the event with another action. A request that an earlier result left
// unfinished continues with through.
func (r rotator) do(ctx context.Context, action rotatorapi.Action, through keyring.Name) (rotatorapi.Result, error) {
	event := r.event
	event.Action, event.Through = action, through
	payload, err := json.Marshal(event)
	if err != nil {
		return rotatorapi.Result{}, err
	}
	response, err := r.invoke(ctx, payload)
	if err != nil {
		return rotatorapi.Result{}, err
	}
	var result rotatorapi.Result
	if err := json.Unmarshal(response, &result); err != nil {
		return rotatorapi.Result{}, fmt.Errorf("the rotator's response to %s: %w", action, err)
	}
	return result, nil
}
