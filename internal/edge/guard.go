package edge

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/frontdoor"
	"github.com/gatehouse-iac/gatehouse/internal/originkey"
)

// NewGuard returns a hook that looks at what an update would send to CloudFront,
// just before it is sent, and stops the update when the API refuses that key. The
// header carries the key, and the prefix is that of the API's paths.
//
// What Pulumi sends for the ignored header is what its state remembers. After a
// refresh that is the key in use; without one, or in a state that was restored, it
// may be a key that was deleted long ago. What the program's own configuration says
// is no help there: the refresh can be switched off on the command line.
func NewGuard(ctx *pulumi.Context, header, prefix string) (*pulumi.ResourceHook, error) {
	g := guard{
		http:   frontdoor.NewHTTPClient(),
		header: header,
		prefix: prefix,
		warn:   func(text string) error { return ctx.Log.Warn(text, nil) },
	}
	return ctx.RegisterResourceHook("origin-key-guard", func(args *pulumi.ResourceHookArgs) error {
		return g.check(ctx.Context(), args.NewInputs)
	}, nil)
}

type guard struct {
	http   frontdoor.Doer
	header string
	prefix string // of the API's paths
	warn   func(text string) error
}

// check returns an error if the update to these inputs would shut the front door,
// or hand the key to a stranger. An API that can't be asked stops nothing: the
// update may be what brings it back.
func (g guard) check(ctx context.Context, inputs resource.PropertyMap) error {
	sent, err := keyInUpdate(inputs, g.header)
	if err != nil {
		return err
	}
	err = frontdoor.Door{HTTP: g.http, URL: "https://" + sent.domainName, Header: g.header, Prefix: g.prefix}.Opens(ctx, sent.value)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, frontdoor.ErrRefused):
		return fmt.Errorf("the origin key that this update would send to CloudFront is no longer accepted: Pulumi's state is older than "+
			"the last rotation. Nothing was changed; update with a refresh, `pulumi up --refresh` or `options.refresh: always` in Pulumi.yaml (%w)", err)
	default:
		return g.warn(fmt.Sprintf("the origin key that this update sends to CloudFront could not be checked: %v", err))
	}
}

// update is what an update sends to the API's origin.
type update struct {
	domainName string
	value      originkey.Value
}

// keyInUpdate finds the key in the distribution's inputs. It refuses a key on any
// other origin than the API's: the header is ignored by position, so that an origin
// put in front of the API's would get the key.
func keyInUpdate(inputs resource.PropertyMap, header string) (update, error) {
	var found []update
	for _, origin := range elements(inputs["origins"]) {
		id, domainName := text(origin["originId"]), text(origin["domainName"])
		for _, custom := range elements(origin["customHeaders"]) {
			if text(custom["name"]) != header {
				continue
			}
			if id != OriginID {
				return update{}, fmt.Errorf("origin %q of the distribution would be sent the header %s, which has the API's key: "+
					"keep the API's origin, %q, the first one", id, header, OriginID)
			}
			found = append(found, update{domainName, originkey.HeaderValue(text(custom["value"]))})
		}
	}
	if len(found) != 1 {
		return update{}, fmt.Errorf("the distribution's origin %q would have the header %s %d times, and needs it once", OriginID, header, len(found))
	}
	return found[0], nil
}

// elements returns the objects in an array, without marks of secretness.
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
