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
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// parseEvent returns an event whose action is one of [actions], with every field that the
// action requires.
func parseEvent(payload []byte) (rotatorapi.Event, error) {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	var e rotatorapi.Event
	if err := decoder.Decode(&e); err != nil {
		return rotatorapi.Event{}, fmt.Errorf("event: %w: want an object whose action is one of %s", err, allowedActions())
	}
	if _, err := decoder.Token(); err != io.EOF {
		return rotatorapi.Event{}, fmt.Errorf("event: more than one JSON value: want one object whose action is one of %s", allowedActions())
	}
	a, ok := actions[e.Action]
	if !ok {
		return rotatorapi.Event{}, fmt.Errorf("event: action %q: want one of %s", e.Action, allowedActions())
	}
	if e.Lifecycle != nil {
		return lifecycleEvent(e)
	}
	if a.resourceOnly {
		return rotatorapi.Event{}, fmt.Errorf("event: action %s without tf: it returns a key or empties the keyring, and is for the resource of the first key; want one of %s", e.Action, allowedActions())
	}
	if err := errors.Join(fieldProblems(e, a.needsTarget)...); err != nil {
		return rotatorapi.Event{}, fmt.Errorf("event: action %s: %w", e.Action, err)
	}
	return e, nil
}

// lifecycleEvent translates an event of the resource of the first key: its action is
// always create, also when the resource is destroyed.
func lifecycleEvent(e rotatorapi.Event) (rotatorapi.Event, error) {
	if e.Action != rotatorapi.Create {
		return rotatorapi.Event{}, fmt.Errorf("event: action %q of a resource: want create, which also deletes when the resource is destroyed", e.Action)
	}
	switch e.Lifecycle.Action {
	case "create", "update":
		return rotatorapi.Event{Action: rotatorapi.Create}, nil
	case "delete":
		return rotatorapi.Event{Action: rotatorapi.Delete}, nil
	}
	return rotatorapi.Event{}, fmt.Errorf("event: tf.action %q: want create, update or delete", e.Lifecycle.Action)
}

// fieldProblems returns what is wrong with the fields that name the distribution and the
// APIs, and with through.
func fieldProblems(e rotatorapi.Event, needsTarget bool) []error {
	var problems []error
	reject := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if needsTarget {
		for _, field := range []struct{ name, value string }{
			{"distributionId", e.DistributionID},
			{"originId", e.OriginID},
			{"apiId", e.APIID},
			{"apiStage", e.APIStage},
		} {
			if field.value == "" {
				reject("%s is missing: the stack's output rotationEvent has it", field.name)
			}
		}
	}
	if e.StreamAPIID+e.StreamAPIStage+e.StreamAPIURL+e.StreamOriginID != "" {
		for _, field := range []struct{ name, value string }{
			{"streamApiId", e.StreamAPIID},
			{"streamApiStage", e.StreamAPIStage},
			{"streamOriginId", e.StreamOriginID},
		} {
			if field.value == "" {
				reject("%s is missing: an event that names the API which streams has it, and the stack's output rotationEvent", field.name)
			}
		}
	}
	for _, field := range []struct{ name, value string }{
		{"distributionUrl", e.DistributionURL}, {"apiUrl", e.APIURL}, {"streamApiUrl", e.StreamAPIURL},
	} {
		if field.value != "" && !isBaseURL(field.value) {
			reject("%s is %q: want one such as https://example.com, or nothing", field.name, field.value)
		}
	}
	if e.Through == "" {
		return problems
	}
	if e.Action != rotatorapi.Rotate && e.Action != rotatorapi.Revoke {
		reject("through is for rotate and revoke only")
	}
	if _, err := keyring.ParseName(string(e.Through)); err != nil {
		reject("through: %w", err)
	}
	return problems
}

// isBaseURL reports whether a key may be sent to a URL: with TLS, or without it on this
// machine.
func isBaseURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.HasSuffix(s, "/") {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && net.ParseIP(u.Hostname()).IsLoopback()
}

// allowedActions lists the actions that operators and the schedule may request.
func allowedActions() string {
	var names []string
	for name, a := range actions {
		if !a.resourceOnly {
			names = append(names, string(name))
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
