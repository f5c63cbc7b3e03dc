package smoke

import (
	"context"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/verify"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/test/e2e/verification"
)

// verified returns the checks of `gatehouse verify`, which any stack gets.
func verified(ctx context.Context, e *env.Environment, doing func(string)) ([]check.Check, error) {
	_, outputs, err := e.Stack.Outputs(ctx)
	if err != nil {
		return nil, err
	}
	suite, err := verification.New(outputs, e.Servers.Cloud, awsclient.Config(e.Servers.Cloud.Endpoint()), lines(doing))
	if err != nil {
		return nil, err
	}
	checks := suite.Checks()
	for i, c := range checks {
		if c.Name == verify.AlarmsCheck {
			checks[i].LeftOut = "the tests on the sandbox cause alarms"
		}
	}
	return checks, nil
}

// lines passes on what is written, as what is under way.
type lines func(string)

// Write implements [io.Writer].
func (l lines) Write(text []byte) (int, error) {
	l(strings.TrimSpace(string(text)))
	return len(text), nil
}
