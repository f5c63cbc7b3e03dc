package edge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/probe"
)

// rejectedAttempts and rejectedBackoff are how often and when an API that rejects the key is
// probed: one that was just deployed rejects everything for some seconds.
const (
	rejectedAttempts = 4
	rejectedBackoff  = 5 * time.Second
)

// newGuard registers the hook that checks what an update would send to CloudFront, just
// before it is sent, and stops the update if an API rejects that key. The header
// carries the key, and the prefix is that of the API's paths.
//
// It is the second line. The key was chosen so that the APIs accept it, by the clock of
// this machine: that the clock is right is checked here, too. What is not covered is a
// keyring that was emptied by hand, and an update that took longer than it may.
//
// Without an engine no hook is registered, since RegisterResourceHook of the SDK's mocks
// panics (sdk/go/pulumi/mocks.go). The SDK takes the engine's address from the same
// variable, and runs no program without one unless it is given mocks (RunErr in
// sdk/go/pulumi/run.go).
func newGuard(ctx *pulumi.Context, header, prefix string) (*pulumi.ResourceHookBinding, error) {
	if os.Getenv(pulumi.EnvMonitor) == "" {
		return &pulumi.ResourceHookBinding{}, nil
	}
	g := guard{
		http:   probe.NewHTTPClient(),
		header: header,
		prefix: prefix,
		now:    time.Now,
		sleep:  time.Sleep,
		warn:   func(message string) error { return ctx.Log.Warn(message, nil) },
	}
	hook, err := ctx.RegisterResourceHook("origin-key-guard", func(args *pulumi.ResourceHookArgs) error {
		return g.check(ctx.Context(), args.NewInputs)
	}, nil)
	if err != nil {
		return nil, err
	}
	return &pulumi.ResourceHookBinding{BeforeUpdate: []*pulumi.ResourceHook{hook}}, nil
}

type guard struct {
	http   probe.Doer
	header string
	prefix string // of the API's paths
	now    func() time.Time
	sleep  func(time.Duration)
	warn   func(message string) error
}

// check returns an error if the update to these inputs would send a key that an API
// rejects, or that was chosen by a wrong clock. An unreachable API is a warning only:
// the update may be what repairs it.
func (g guard) check(ctx context.Context, inputs resource.PropertyMap) error {
	sent, err := keyInUpdate(inputs, g.header)
	if err != nil {
		return err
	}
	if err := g.checkClock(ctx, g.target(sent.origins[0])); err != nil {
		return err
	}
	for _, o := range sent.origins {
		if err := g.checkKey(ctx, o, sent.value); err != nil {
			return err
		}
	}
	return nil
}

func (g guard) target(o origin) probe.Target {
	return probe.Target{HTTP: g.http, API: o.api, URL: o.url, Header: g.header, Prefix: g.prefix}
}

// checkKey returns an error if the API of an origin rejects the key.
func (g guard) checkKey(ctx context.Context, o origin, key keyring.Value) error {
	api := g.target(o)
	err := api.CheckAccepted(ctx, key)
	for range rejectedAttempts - 1 {
		if !errors.Is(err, probe.ErrRejected) {
			break
		}
		g.sleep(rejectedBackoff)
		err = api.CheckAccepted(ctx, key)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, probe.ErrRejected):
		return fmt.Errorf("the origin key that this update would send to CloudFront is no longer accepted by the %s: the update took longer than the keys' grace period, "+
			"or keys were deleted by hand. Nothing was changed; run it again, and set rotationGrace above the time that your updates take (%w)", o.api.Name, err)
	default:
		return g.warn(fmt.Sprintf("the origin key that this update sends to CloudFront could not be checked at the %s: %v", o.api.Name, err))
	}
}

// checkClock returns an error if this machine's clock differs too much from the API's to
// compute the ages of keys.
func (g guard) checkClock(ctx context.Context, api probe.Target) error {
	offset, err := api.ClockOffset(ctx, g.now)
	if err != nil {
		return g.warn(fmt.Sprintf("this machine's clock, by which the origin key was chosen, could not be compared with the API's: %v", err))
	}
	if offset.Abs() <= keyring.ClockTolerance {
		return nil
	}
	side := "ahead of"
	if offset < 0 {
		side = "behind"
	}
	return fmt.Errorf("this machine's clock is %s %s the API's, and may differ by %s at most: origin keys are chosen by their age. "+
		"Nothing was changed; set the clock and run the update again", offset.Abs(), side, keyring.ClockTolerance)
}

// update holds what an update sends to the APIs.
type update struct {
	origins []origin // the HTTP API's first
	value   keyring.Value
}

// origin is an origin of an API.
type origin struct {
	api probe.API
	url string // with the path that CloudFront puts before others
}

// apis has the APIs by the IDs of their origins.
var apis = map[string]probe.API{OriginID: probe.HTTPAPI, StreamOriginID: probe.StreamingAPI}

// keyInUpdate finds the key in the distribution's inputs. The HTTP API's origin must have
// the header exactly once, and so must the REST API's, if there is one. Other origins that
// have the header must have the same value: a rotation changes them together.
func keyInUpdate(inputs resource.PropertyMap, header string) (update, error) {
	var sent update
	var other string // the origin of the value that was found first
	found := map[string]bool{}
	for _, input := range elements(inputs["origins"]) {
		id := text(input["originId"])
		found[id] = true
		values := headerValues(input, header)
		if api, ok := apis[id]; ok {
			if len(values) != 1 {
				return update{}, fmt.Errorf("the distribution's origin %q would have the header %s %d times; it must have it once", id, header, len(values))
			}
			o := origin{api, "https://" + text(input["domainName"]) + text(input["originPath"])}
			if id == OriginID {
				sent.origins = append([]origin{o}, sent.origins...)
			} else {
				sent.origins = append(sent.origins, o)
			}
		}
		for _, value := range values {
			switch {
			case other == "":
				other, sent.value = id, value
			case !value.Equal(sent.value):
				return update{}, fmt.Errorf("origin %q of the distribution would have another key in the header %s than origin %q; both must have the same", id, header, other)
			}
		}
	}
	if !found[OriginID] {
		return update{}, fmt.Errorf("the distribution's origin %q would have the header %s 0 times; it must have it once", OriginID, header)
	}
	return sent, nil
}

// headerValues returns the values of an origin's header.
func headerValues(origin resource.PropertyMap, header string) (values []keyring.Value) {
	for _, custom := range elements(origin["customHeaders"]) {
		if strings.EqualFold(text(custom["name"]), header) {
			values = append(values, keyring.HeaderValue(text(custom["value"])))
		}
	}
	return values
}

// elements returns the objects of an array, unwrapped from secrets.
func elements(value resource.PropertyValue) []resource.PropertyMap {
	value = inClear(value)
	if !value.IsArray() {
		return nil
	}
	var objects []resource.PropertyMap
	for _, element := range value.ArrayValue() {
		if element = inClear(element); element.IsObject() {
			objects = append(objects, element.ObjectValue())
		}
	}
	return objects
}

func text(value resource.PropertyValue) string {
	if value = inClear(value); value.IsString() {
		return value.StringValue()
	}
	return ""
}

func inClear(value resource.PropertyValue) resource.PropertyValue {
	for value.IsSecret() {
		value = value.SecretValue().Element
	}
	return value
}
