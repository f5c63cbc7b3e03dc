package rotation

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

func TestTable(t *testing.T) {
	got := table(1, []string{"", "ours", "theirs"}, [][]string{{"requests", "12345", "7"}, {"→ old", "–", "1.5"}})
	const want = "             ours  theirs\n" +
		"  requests  12345       7\n" +
		"  → old         –     1.5"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestComparison(t *testing.T) {
	ours := loaded{statistics: statistics{requests: 10}, rotations: 2, lasted: []time.Duration{9 * time.Second}}
	theirs := loaded{statistics: statistics{requests: 8, failures: make([]sample, 3)}, rotations: 2, mismatch: 1500 * time.Millisecond}
	text := comparison(ours, theirs, oldValues{}, true)
	for _, want := range []string{"failed requests", "1.5", "baseline", "3 × no answer"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
	if text := comparison(ours, loaded{}, oldValues{}, false); strings.Contains(text, "baseline") {
		t.Errorf("shows a baseline that was not measured:\n%s", text)
	}
}

func TestClaims(t *testing.T) {
	o := &observer{}
	good := loaded{statistics: statistics{requests: 9, edges: edges}, observer: o, rotations: 5, kills: 1, faults: []awsclient.Fault{{Fired: 1}}}
	if err := good.check(5); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*loaded){
		"a failed request":    func(m *loaded) { m.failures = []sample{{err: errors.New("x")}} },
		"no request":          func(m *loaded) { m.requests = 0 },
		"too few rotations":   func(m *loaded) { m.rotations = 4 },
		"a mismatch":          func(m *loaded) { m.mismatch = 1 },
		"nobody killed":       func(m *loaded) { m.kills = 0 },
		"no fault":            func(m *loaded) { m.faults = nil },
		"an edge not reached": func(m *loaded) { m.edges = edges - 1 },
	} {
		bad := good
		spoil(&bad)
		if bad.check(5) == nil {
			t.Errorf("%s passes", name)
		}
	}
	if good.mustFail() == nil {
		t.Error("a baseline without a failure passes")
	}
	good.failures, good.mismatch = []sample{{err: errors.New("x")}}, 1
	if err := good.mustFail(); err != nil {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	uri := "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:gatehouse-local-authorizer/invocations"
	if got := functionIn(uri); got != "gatehouse-local-authorizer" {
		t.Errorf("got %q", got)
	}
	for principal, want := range map[string]bool{
		"arn:aws:sts::000000000000:assumed-role/gatehouse-local-rotator/session": true,
		"arn:aws:iam::000000000000:role/gatehouse-local-rotator":                 true,
		"arn:aws:iam::000000000000:role/gatehouse-local-rotator-other":           false,
		"arn:aws:iam::000000000000:root":                                         false,
	} {
		if got := isRole(principal, "gatehouse-local-rotator"); got != want {
			t.Errorf("%s: got %v", principal, got)
		}
	}
}
