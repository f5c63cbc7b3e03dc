// Package smoke has the checks of a deployed stack that `make local` runs: that CloudFront
// is the only way to the API, what the edge does with requests, that the model API and the
// certificates work, and that no secret is in clear anywhere.
package smoke

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/test/e2e/api"
	"github.com/gatehouse-iac/gatehouse/test/e2e/certificates"
	"github.com/gatehouse-iac/gatehouse/test/e2e/secretscan"
)

// body is a request to the model.
const body = `{"messages":[{"role":"user","content":"Hello"}]}`

// APIChecks returns the checks of the part of the stack that is on AWS: that the model API
// answers, and only through CloudFront.
func APIChecks(ctx context.Context, e *env.Environment, _ func(string)) ([]check.Check, error) {
	keys, err := keyring(ctx, e)
	if err != nil {
		return nil, err
	}
	return append(originKey(e, keys[0]), streams(e, keys[0])...), nil
}

// withRightKey returns the last check of each group, which sends a key of the keyring. The
// others are among those of `gatehouse verify`, which knows none.
func withRightKey(groups ...[]check.Check) []check.Check {
	var all []check.Check
	for _, group := range groups {
		if len(group) > 0 {
			all = append(all, group[len(group)-1])
		}
	}
	return all
}

// keyring returns the values of the origin keys. The first is the oldest: a new one may not be
// known to every authorizer yet, and API Gateway would cache that it was rejected.
func keyring(ctx context.Context, e *env.Environment) ([]string, error) {
	return awsclient.Keyring(ctx, e.Servers.Cloud.Endpoint(), e.Outputs["parameterPath"])
}

// Checks returns the checks of the environment's stack: those of `gatehouse verify`, and those
// that need the sandbox's controls or its keys. With slow, they include those that
// take minutes: they stop the private model and renew the certificate, and restore both.
// Slow checks call doing with what is under way.
func Checks(ctx context.Context, e *env.Environment, slow bool, doing func(string)) ([]check.Check, error) {
	arguments := secretscan.WatchArguments(ctx)
	keys, err := keyring(ctx, e)
	if err != nil {
		return nil, err
	}
	target, err := certificates.TargetOf(e)
	if err != nil {
		return nil, err
	}
	target.Doing = doing
	issued := certificates.New(target)

	ofAnyStack, err := verified(ctx, e, doing)
	if err != nil {
		return nil, err
	}
	checks := slices.Concat(ofAnyStack, withRightKey(originKey(e, keys[0]), streams(e, keys[0])), edge(e), api.New(e).Checks(), privateModel(e, keys[0]))
	if slow {
		checks = append(checks, PrivateModelAway(e, doing)...)
	}
	checks = append(checks, issued.Checks()...)
	if slow {
		checks = append(checks, issued.RenewalChecks()...)
	}
	checks = append(checks, preview(func(ctx context.Context) (string, error) { return e.Stack.Preview(ctx, doing) }))
	secrets := func() []string {
		all := append(slices.Clone(keys), issued.Secrets()...)
		if !e.ClientKey.IsZero() {
			all = append(all, e.ClientKey.Reveal())
		}
		return all
	}
	return append(checks, secretsInClear(e.Checkout, e.Servers.Cloud.Endpoint(), e.Stack.Outputs, arguments.Scan, secrets)...), nil
}

// preview checks that a deployment would change nothing.
func preview(run func(context.Context) (changes string, err error)) check.Check {
	const want = "no change"
	return check.Check{Name: "second preview", Want: want, Run: func(ctx context.Context) (string, error) {
		changes, err := run(ctx)
		switch {
		case err != nil:
			return "", errors.New(strings.TrimPrefix(changes+": failed, see .local/logs/preview.log", ": "))
		case changes != want:
			return "", errors.New(changes)
		}
		return changes, nil
	}}
}
