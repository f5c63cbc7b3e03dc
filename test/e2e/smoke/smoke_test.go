package smoke

import (
	"testing"

	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// TestSmoke runs the checks of `make local` that take seconds. The slow ones are
// TestPrivateModelAway, and TestRenewal of the certificates.
func TestSmoke(t *testing.T) {
	e := e2etest.Attach(t)
	checks, err := Checks(t.Context(), e, false, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	e2etest.Run(t, checks)
}

func TestPrivateModelAway(t *testing.T) {
	e := e2etest.Attach(t)
	e2etest.Run(t, PrivateModelAway(e, func(string) {}))
}
