package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// event asks for an action. The schedule writes one with the action tick; people
// send the same with another action.
type event struct {
	Action string `json:"action"`

	DistributionID  string `json:"distributionId"`
	DistributionURL string `json:"distributionUrl"` // without it, no request goes through it
	OriginID        string `json:"originId"`
	APIID           string `json:"apiId"`
	APIURL          string `json:"apiUrl"` // without it, no request goes to it directly
	APIStage        string `json:"apiStage"`

	// Through goes on with a rotate or revoke that an earlier answer left unfinished.
	Through string `json:"through"`

	// TF is what Terraform's aws_lambda_invocation adds to an invocation that lives
	// and dies with its resource: what happens to the resource.
	TF *struct {
		Action    string          `json:"action"`
		PrevInput json.RawMessage `json:"prev_input"`
	} `json:"tf"`
}

// parseEvent returns an event whose action is one of [actions], with all that the
// action needs.
func parseEvent(payload []byte) (event, error) {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	var e event
	if err := decoder.Decode(&e); err != nil {
		return event{}, fmt.Errorf("event: %w: want an object whose action is one of %s", err, allowedActions())
	}
	if _, err := decoder.Token(); err != io.EOF {
		return event{}, fmt.Errorf("event: more than one JSON value: want one object whose action is one of %s", allowedActions())
	}
	a, ok := actions[e.Action]
	if !ok {
		return event{}, fmt.Errorf("event: action %q: want one of %s", e.Action, allowedActions())
	}
	if e.TF != nil {
		return e.ofResource()
	}
	if a.resource {
		return event{}, fmt.Errorf("event: action %s without tf: it answers with a key or empties the keyring, and is for the resource of the first key; want one of %s", e.Action, allowedActions())
	}
	if err := errors.Join(e.frontDoorProblems(a.frontDoor)...); err != nil {
		return event{}, fmt.Errorf("event: action %s: %w", e.Action, err)
	}
	return e, nil
}

// ofResource translates what happens to the resource that stands for the first
// key: its action says create, also when it is destroyed.
func (e event) ofResource() (event, error) {
	if e.Action != "create" {
		return event{}, fmt.Errorf("event: action %q of a resource: want create, which also deletes when the resource is destroyed", e.Action)
	}
	switch e.TF.Action {
	case "create", "update":
		return event{Action: "create"}, nil
	case "delete":
		return event{Action: "delete"}, nil
	}
	return event{}, fmt.Errorf("event: tf.action %q: want create, update or delete", e.TF.Action)
}

// frontDoorProblems says what is wrong with the fields that name what is rotated.
func (e event) frontDoorProblems(needed bool) []error {
	var problems []error
	reject := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if needed {
		for _, field := range []struct{ name, text string }{
			{"distributionId", e.DistributionID},
			{"originId", e.OriginID},
			{"apiId", e.APIID},
			{"apiStage", e.APIStage},
		} {
			if field.text == "" {
				reject("%s is missing: the stack's output rotationEvent has it", field.name)
			}
		}
	}
	for _, field := range []struct{ name, text string }{{"distributionUrl", e.DistributionURL}, {"apiUrl", e.APIURL}} {
		if field.text != "" && !isBaseURL(field.text) {
			reject("%s is %q: want one such as https://example.com, or nothing", field.name, field.text)
		}
	}
	if e.Through == "" {
		return problems
	}
	if e.Action != "rotate" && e.Action != "revoke" {
		reject("through is for rotate and revoke only")
	}
	if _, err := keyring.ParseName(e.Through); err != nil {
		reject("through: %w", err)
	}
	return problems
}

// isBaseURL reports whether a key may be sent there: with TLS, or without it on
// this machine.
func isBaseURL(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(text, "/") {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && net.ParseIP(u.Hostname()).IsLoopback()
}

// allowedActions are those that people and the schedule may ask for.
func allowedActions() string {
	var names []string
	for name, a := range actions {
		if !a.resource {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
