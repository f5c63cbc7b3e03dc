// Package rotation declares the keyring of origin keys, the KMS key that encrypts it, the
// rotator, which is the one function that changes it, and the rotator's schedule and
// alarms.
package rotation

import (
	"encoding/json"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// RotatorTimeout covers a whole run: a new key settles, replaced ones drain, and
// CloudFront responds slowly. The next tick does what is not done by then.
const RotatorTimeout = 5 * time.Minute

// Args configures a [Rotation].
type Args struct {
	Deployment deployment.Deployment
	Key        config.Key
	Settings   config.Rotation
	APIPrefix  string // of the API's paths

	// CacheTime is the time for which a deleted key may still be accepted: the TTLs of
	// the keyring in the authorizers and of API Gateway's authorizer cache together.
	CacheTime time.Duration
}

// Rotation has the keyring and its rotator.
type Rotation struct {
	pulumi.ResourceState

	Keyring Keyring
	Rotator *function.Function

	firstKey *lambda.Invocation
	times    keyring.Times
}

// New declares the keyring and the rotator, and lets the rotator make the first key.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Rotation, error) {
	r := &Rotation{
		Keyring: Keyring{Path: args.Deployment.Path + "/origin-key", deployment: args.Deployment},
		times:   times(args.Settings),
	}
	if err := ctx.RegisterComponentResource("gatehouse:rotation:Rotation", name, r, opts...); err != nil {
		return nil, err
	}
	if err := r.newKMSKey(ctx, name, args); err != nil {
		return nil, err
	}
	if err := r.newRotator(ctx, name, args); err != nil {
		return nil, err
	}
	if err := r.newFirstKey(ctx, name); err != nil {
		return nil, err
	}
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{
		"parameterPath": pulumi.String(r.Keyring.Path),
		"kmsKeyArn":     r.Keyring.KMSKeyARN,
		"rotatorName":   r.Rotator.Name,
	})
}

func (r *Rotation) newRotator(ctx *pulumi.Context, name string, args *Args) (err error) {
	variables := pulumi.ToStringMap(lambdaenv.Rotator{
		Stack:      args.Deployment.Name,
		KeyPath:    r.Keyring.Path,
		Header:     args.Key.Header,
		APIPrefix:  args.APIPrefix,
		Times:      r.times,
		KeyringTTL: args.Key.MemoryTTL,
		CacheTime:  args.CacheTime,
	}.Variables())
	variables[lambdaenv.KMSKeyVariable] = r.Keyring.KMSKeyARN
	r.Rotator, err = function.New(ctx, name+"-rotator", &function.Args{
		Deployment:  args.Deployment,
		Code:        "rotator",
		Description: "Makes, changes and removes the origin keys below " + r.Keyring.Path,
		Timeout:     int(RotatorTimeout.Seconds()),
		Memory:      128,

		// Two runs at a time do no harm, but no good either. It is 0 for an account whose
		// quota is too low for any reservation.
		ReservedConcurrency: args.Settings.ReservedConcurrency,

		Environment: variables,
		Statements:  append(r.Keyring.ReadStatements(), r.Keyring.writeStatements()...),
	}, pulumi.Parent(r))
	return err
}

func times(s config.Rotation) keyring.Times {
	return keyring.Times{Interval: s.Interval, Settle: s.Settle, Grace: s.Grace, Drain: s.Drain}
}

// newFirstKey invokes the rotator's `create` when the stack is created and its `delete`
// when it is destroyed, and not in between. The program itself makes no secret: it
// stays deterministic, and a preview has nothing to show. The rotator returns the key's
// name alone.
func (r *Rotation) newFirstKey(ctx *pulumi.Context, name string) error {
	event, err := json.Marshal(rotatorapi.Event{Action: rotatorapi.Create})
	if err != nil {
		return err
	}
	r.firstKey, err = lambda.NewInvocation(ctx, name+"-first-key", &lambda.InvocationArgs{
		FunctionName:   r.Rotator.Name,
		Input:          pulumi.String(event),
		LifecycleScope: pulumi.String("CRUD"),
	}, pulumi.Parent(r),
		// Earlier versions of the rotator returned the value, which the state may still have.
		pulumi.AdditionalSecretOutputs([]string{"result"}))
	return err
}
