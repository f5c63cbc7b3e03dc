package edge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/probe"
)

// newGuard registers the hook that checks what an update would send to CloudFront, just
// before it is sent, and stops the update if the API rejects that key. The header
// carries the key, and the prefix is that of the API's paths.
//
// It is the second line. The key was chosen so that the API accepts it, by the clock of
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
	warn   func(message string) error
}

// check returns an error if the update to these inputs would send a key that the API
// rejects, or that was chosen by a wrong clock. An unreachable API is a warning only:
// the update may be what repairs it.
func (g guard) check(ctx context.Context, inputs resource.PropertyMap) error {
	sent, err := keyInUpdate(inputs, g.header)
	if err != nil {
		return err
	}
	api := probe.Door{HTTP: g.http, URL: "https://" + sent.domainName, Header: g.header, Prefix: g.prefix}
	if err := g.checkClock(ctx, api); err != nil {
		return err
	}
	err = api.Opens(ctx, sent.value)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, probe.ErrRefused):
		return fmt.Errorf("the origin key that this update would send to CloudFront is no longer accepted: the update took longer than the keys' grace period, "+
			"or keys were deleted by hand. Nothing was changed; run it again, and set rotationGrace above the time that your updates take (%w)", err)
	default:
		return g.warn(fmt.Sprintf("the origin key that this update sends to CloudFront could not be checked: %v", err))
	}
}

// checkClock returns an error if this machine's clock differs too much from the API's to
// compute the ages of keys.
func (g guard) checkClock(ctx context.Context, api probe.Door) error {
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

// update holds what an update sends to the API's origin.
type update struct {
	domainName string
	value      keyring.Value
}

// keyInUpdate finds the key in the distribution's inputs. The API's origin must have
// the header exactly once. Other origins that have the header must have the same value:
// a rotation changes them together.
func keyInUpdate(inputs resource.PropertyMap, header string) (update, error) {
	var api update
	count := 0
	values := map[string]keyring.Value{} // of other origins, by their IDs
	for _, origin := range elements(inputs["origins"]) {
		id, domainName := text(origin["originId"]), text(origin["domainName"])
		for _, custom := range elements(origin["customHeaders"]) {
			value := keyring.HeaderValue(text(custom["value"]))
			switch {
			case text(custom["name"]) != header:
			case id == OriginID:
				count++
				api = update{domainName, value}
			default:
				values[id] = value
			}
		}
	}
	if count != 1 {
		return update{}, fmt.Errorf("the distribution's origin %q would have the header %s %d times; it must have it once", OriginID, header, count)
	}
	for id, value := range values {
		if !value.Equal(api.value) {
			return update{}, fmt.Errorf("origin %q of the distribution would have another key in the header %s than origin %q; both must have the same", id, header, OriginID)
		}
	}
	return api, nil
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
