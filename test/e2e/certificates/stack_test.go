package certificates

import (
	"testing"

	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// attach returns a checker of the running sandbox's stack.
func attach(t *testing.T) *Checker {
	t.Helper()
	target, err := TargetOf(e2etest.Attach(t))
	if err != nil {
		t.Fatal(err)
	}
	target.Doing = func(string) {}
	return New(target)
}

func TestCertificates(t *testing.T) { e2etest.Run(t, attach(t).Checks()) }

// TestRenewal deploys the stack three times. The last of them restores its settings.
func TestRenewal(t *testing.T) { e2etest.Run(t, attach(t).RenewalChecks()) }
