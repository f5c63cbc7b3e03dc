package rotation

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
)

// rotator is the stack's rotator, with the event that its schedule sends.
type rotator struct {
	function
	event map[string]any
}

func newRotator(f function, event string) (rotator, error) {
	r := rotator{function: f}
	if err := json.Unmarshal([]byte(event), &r.event); err != nil {
		return rotator{}, fmt.Errorf("the stack's output rotationEvent: %w", err)
	}
	return r, nil
}

// answer is what the rotator says of the keys it was asked to change.
type answer struct {
	Through string `json:"through"`
	Done    bool   `json:"done"`
	Left    string `json:"left"`
}

// do sends the event with another action. A request that an earlier answer left
// unfinished goes on with through.
func (r rotator) do(ctx context.Context, action, through string) (answer, error) {
	event := maps.Clone(r.event)
	event["action"] = action
	if through != "" {
		event["through"] = through
	}
	payload, err := json.Marshal(event)
	if err != nil {
		return answer{}, err
	}
	reply, err := r.invoke(ctx, payload)
	if err != nil {
		return answer{}, err
	}
	var a answer
	if err := json.Unmarshal(reply, &a); err != nil {
		return answer{}, fmt.Errorf("the rotator's answer to %s: %w", action, err)
	}
	return a, nil
}
