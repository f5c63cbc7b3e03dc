package serve

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
)

// Half is the error of a creation or update that failed after the resource was
// created. The engine keeps the resource with this state.
type Half struct {
	ID    resource.ID
	State resource.PropertyMap
	Err   error
}

func (h *Half) Error() string { return h.Err.Error() }

func (h *Half) Unwrap() error { return h.Err }

// explain adds the resource to an error, and removes the secrets of its
// properties.
func explain(urn resource.URN, err error, properties []resource.PropertyMap) error {
	if err == nil {
		return nil
	}
	text := redact(fmt.Sprintf("%s %q: %v", urn.Type().DisplayName(), urn.Name(), err), properties)
	half, ok := errors.AsType[*Half](err)
	if !ok {
		return errors.New(text)
	}
	state, err := plugin.MarshalProperties(half.State, plugin.MarshalOptions{KeepSecrets: true})
	if err != nil {
		return errors.Join(errors.New(text), err)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, text), &pulumirpc.ErrorResourceInitFailed{
		Id: string(half.ID), Properties: state, Reasons: []string{text},
	})
}

// shortest is the length of the shortest secret that is removed from errors: a
// shorter one is part of many words.
const shortest = 6

// redact replaces the secrets of the properties in a message.
func redact(text string, properties []resource.PropertyMap) string {
	for _, m := range properties {
		eachSecret(resource.NewProperty(m), false, func(secret string) {
			if len(secret) >= shortest {
				text = strings.ReplaceAll(text, secret, "[secret]")
			}
		})
	}
	return text
}

func eachSecret(v resource.PropertyValue, secret bool, f func(string)) {
	switch {
	case v.IsSecret():
		eachSecret(v.SecretValue().Element, true, f)
	case v.IsObject():
		for _, element := range v.ObjectValue() {
			eachSecret(element, secret, f)
		}
	case v.IsArray():
		for _, element := range v.ArrayValue() {
			eachSecret(element, secret, f)
		}
	case v.IsString() && secret:
		f(v.StringValue())
	}
}
