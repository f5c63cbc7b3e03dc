package budgets

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

// TestOpenAIsClient verifies the exceptions that OpenAI's own client raises, and that it
// repeats a request that was refused for its rate, but not one whose budget is spent or
// whose key is unknown.
func TestOpenAIsClient(t *testing.T) {
	s := attach(t)
	spent := s.newLimited(t, "client-spent", map[string]string{clientadmin.BudgetFlag: "1tokens/day"})
	rated := s.newLimited(t, "client-at-once-openai", map[string]string{clientadmin.AtOnceFlag: "1"})
	l := s.env.Checkout
	env := append(os.Environ(), "UNKNOWN_KEY="+newKey().Reveal(), "SPENT_KEY="+spent.key.Reveal(), "RATED_KEY="+rated.key.Reveal())
	want := map[string]struct {
		got  string
		sent int
	}{
		"UNKNOWN_KEY": {"AuthenticationError 401 invalid_api_key", 1},
		"SPENT_KEY":   {"RateLimitError 429 insufficient_quota", 1},
		"RATED_KEY":   {"RateLimitError 429 too_many_at_once", 2},
	}
	s.during(t, rated, func() {
		out, err := process.Output(t.Context(), "", env, l.Python(checkout.ProofVenv),
			filepath.Join(l.Root, "test", "e2e", "clients", "openai_refusals.py"), s.env.DistributionURL()+s.prefix())
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out) {
			var one struct {
				Name, Got string
				Sent      int
			}
			if err := json.Unmarshal([]byte(line), &one); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			if w, found := want[one.Name]; !found || one.Got != w.got || one.Sent != w.sent {
				t.Errorf("%s: %s after %d requests, want %s after %d", one.Name, one.Got, one.Sent, w.got, w.sent)
			}
			delete(want, one.Name)
		}
	})
	for name := range want {
		t.Errorf("%s was not tried", name)
	}
}
