package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// event asks for an action. TF is what Terraform's aws_lambda_invocation adds to an
// invocation that lives and dies with its resource: what happens to the resource.
type event struct {
	Action string `json:"action"`
	TF     *struct {
		Action    string          `json:"action"`
		PrevInput json.RawMessage `json:"prev_input"`
	} `json:"tf"`
}

// parseAction returns the action that an event asks for, one of [actions].
func parseAction(payload []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	var e event
	if err := decoder.Decode(&e); err != nil {
		return "", fmt.Errorf("event: %w: want an object with the action %s", err, allowedActions())
	}
	if _, err := decoder.Token(); err != io.EOF {
		return "", fmt.Errorf("event: more than one JSON value: want one object with the action %s", allowedActions())
	}
	if _, ok := actions[e.Action]; !ok {
		return "", fmt.Errorf("event: action %q: want %s", e.Action, allowedActions())
	}
	if e.TF == nil {
		return e.Action, nil
	}
	return e.resourceAction()
}

// resourceAction translates what happens to the resource that stands for the first
// key: its action says create, also when it is destroyed.
func (e event) resourceAction() (string, error) {
	if e.Action != "create" {
		return "", fmt.Errorf("event: action %q of a resource: want create, which also deletes when the resource is destroyed", e.Action)
	}
	switch e.TF.Action {
	case "create", "update":
		return "create", nil
	case "delete":
		return "delete", nil
	}
	return "", fmt.Errorf("event: tf.action %q: want create, update or delete", e.TF.Action)
}

func allowedActions() string {
	return strings.Join(slices.Sorted(maps.Keys(actions)), " or ")
}
