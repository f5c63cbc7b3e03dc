package rotation

import (
	"fmt"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ssm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

// OriginKey returns the value that this run of the program hands to CloudFront, a
// secret: see [originkey.ForUpdate]. The program publishes keys by the same protocol as
// the rotator, so that it makes no difference what the rotator does meanwhile, and how
// old Pulumi's state is.
//
// The keyring is read when the first key is in it, and when all that is given as after is
// known: what else the distribution needs, so that it is updated soon after.
//
// A preview reads no key, so that its role needs no permission to: the distribution
// ignores what it is handed there.
func (r *Rotation) OriginKey(ctx *pulumi.Context, after ...pulumi.Input) pulumi.StringOutput {
	if ctx.DryRun() {
		return pulumi.ToSecret(pulumi.String("read by the update")).(pulumi.StringOutput)
	}
	known := []any{r.firstKey.Result}
	for _, input := range after {
		if input != nil {
			known = append(known, input)
		}
	}
	path := pulumi.All(known...).ApplyT(func([]any) string { return r.Keyring.Path }).(pulumi.StringOutput)
	ring := ssm.GetParametersByPathOutput(ctx, ssm.GetParametersByPathOutputArgs{
		Path:           path,
		WithDecryption: pulumi.Bool(true),
	}, pulumi.Parent(r))
	return pulumi.ToSecret(ring.ApplyT(func(listed ssm.GetParametersByPathResult) (string, error) {
		chosen, err := choose(r.Keyring.Path, listed, time.Now(), r.times)
		return chosen.Value.Reveal(), err
	})).(pulumi.StringOutput)
}

// choose returns the key that CloudFront is handed, of those that were listed below
// the path. What else is stored there is left out, as the rotator leaves it out.
func choose(path string, listed ssm.GetParametersByPathResult, now time.Time, times keyring.Times) (keyring.Key, error) {
	if len(listed.Names) != len(listed.Values) {
		return keyring.Key{}, fmt.Errorf("the parameters below %s came as %d names and %d values", path, len(listed.Names), len(listed.Values))
	}
	var keys []keyring.Key
	for i, name := range listed.Names {
		key, err := keystore.KeyOf(path, keystore.Parameter{Name: name, Value: listed.Values[i]})
		if err == nil {
			keys = append(keys, key)
		}
	}
	ring, err := keyring.New(keys...)
	if err != nil {
		return keyring.Key{}, err
	}
	chosen, err := keyring.ForUpdate(ring, now, times)
	if err != nil {
		return keyring.Key{}, fmt.Errorf("choose the origin key for CloudFront below %s: %w", path, err)
	}
	return chosen, nil
}
