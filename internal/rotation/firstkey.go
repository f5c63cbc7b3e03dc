package rotation

import (
	"encoding/json"
	"errors"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/originkey"
)

// newFirstKey runs the rotator's `create` when the stack is created and its `delete`
// when it is destroyed, and not in between. The program itself makes no secret: it
// stays deterministic, and a preview has nothing to show.
func (r *Rotation) newFirstKey(ctx *pulumi.Context, name string) (*lambda.Invocation, error) {
	return lambda.NewInvocation(ctx, name+"-first-key", &lambda.InvocationArgs{
		FunctionName:   r.Rotator.Name,
		Input:          pulumi.String(`{"action":"create"}`),
		LifecycleScope: pulumi.String("CRUD"),
	}, pulumi.Parent(r), pulumi.AdditionalSecretOutputs([]string{"result"}))
}

// firstKey reads the key out of the rotator's answer to `create`. No error repeats
// the answer.
func firstKey(answer string) (originkey.Key, error) {
	var key struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	if err := json.Unmarshal([]byte(answer), &key); err != nil || key.Value == "" {
		return originkey.Key{}, errors.New("the rotator's answer to create has no key in it: its log says why")
	}
	name, err := originkey.ParseName(key.Name)
	if err != nil {
		return originkey.Key{}, errors.New("the rotator's answer to create has no name of a key in it: its log says why")
	}
	return originkey.Key{Name: name, Value: originkey.HeaderValue(key.Value)}, nil
}
