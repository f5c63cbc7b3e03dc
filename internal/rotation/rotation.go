// Package rotation is the origin key's home: the keyring, the KMS key that encrypts
// it, and the rotator, the one function that changes it.
package rotation

import (
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// RotatorTimeout has room for a whole run: a new key settles, replaced ones drain,
// and CloudFront answers slowly. What is not done by then, the next tick does.
const RotatorTimeout = 5 * time.Minute

// Args configures a [Rotation].
type Args struct {
	Deployment deployment.Deployment
	Key        config.Key
	Settings   config.Rotation
	APIPrefix  string // of the API's paths

	// CacheTime is how long a deleted key may still be accepted by what remembers it:
	// the authorizers' memory and API Gateway's cache together.
	CacheTime time.Duration
}

// Rotation is the keyring with its rotator.
type Rotation struct {
	pulumi.ResourceState

	Keyring Keyring
	Rotator *function.Function

	firstKey *lambda.Invocation
	times    keyring.Times
}

// New declares the keyring and the rotator, and has the rotator make the first key.
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

		// Two at a time do no harm, and no good. An account whose quota is too low for
		// any reservation leaves it out.
		ReservedConcurrency: args.Settings.ReservedConcurrency,

		Environment: variables,
		Statements:  append(r.Keyring.ReadStatements(), r.Keyring.writeStatements()...),
	}, pulumi.Parent(r))
	return err
}

func times(s config.Rotation) keyring.Times {
	return keyring.Times{Interval: s.Interval, Settle: s.Settle, Grace: s.Grace, Drain: s.Drain}
}
