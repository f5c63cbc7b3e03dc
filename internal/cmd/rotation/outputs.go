package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// outputs are those of a stack that say how to reach its rotator.
type outputs struct {
	RotatorName   string `json:"rotatorName"`
	RotationEvent string `json:"rotationEvent"` // JSON in a text
}

func readOutputs(in io.Reader) (outputs, error) {
	var o outputs
	if err := json.NewDecoder(in).Decode(&o); err != nil {
		return outputs{}, fmt.Errorf("read the stack's outputs from standard input, as `pulumi stack output --json` writes them: %w", err)
	}
	if o.RotatorName == "" || o.RotationEvent == "" {
		return outputs{}, errors.New("the stack's outputs lack rotatorName or rotationEvent: run `pulumi up`")
	}
	return o, nil
}

// event returns the schedule's event with another action.
func (o outputs) event(action, through string) ([]byte, error) {
	var fields map[string]any
	if err := json.Unmarshal([]byte(o.RotationEvent), &fields); err != nil || fields == nil {
		return nil, errors.New("the stack's output rotationEvent is no JSON object: run `pulumi up`")
	}
	fields["action"] = action
	if through != "" {
		fields["through"] = through
	}
	return json.Marshal(fields)
}
