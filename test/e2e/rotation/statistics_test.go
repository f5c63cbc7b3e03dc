package rotation

import (
	"errors"
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(100-i))
	}
	for _, one := range []struct {
		times []time.Duration
		p     int
		want  time.Duration
	}{
		{nil, 50, 0},
		{[]time.Duration{7}, 1, 7},
		{[]time.Duration{7}, 99, 7},
		{[]time.Duration{3, 1}, 50, 1},
		{[]time.Duration{3, 1}, 51, 3},
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 100, 100},
	} {
		if got := percentile(one.times, one.p); got != one.want {
			t.Errorf("p%d of %d times: got %d, want %d", one.p, len(one.times), got, one.want)
		}
	}
	if hundred[0] != 100 {
		t.Error("the times were sorted in place")
	}
}

func TestSummarize(t *testing.T) {
	wrong := errors.New("wrong")
	s := summarize([]sample{
		{took: 2, status: 200, edge: "LOC1"},
		{took: 1, status: 403, edge: "LOC2", err: wrong},
		{took: 3, err: wrong},
		{took: 4, status: 403, edge: "LOC1", err: wrong},
	})
	if s.requests != 4 || len(s.failures) != 3 || s.edges != 2 || s.p50 != 2 || s.p99 != 4 {
		t.Errorf("got %+v", s)
	}
	if got := byStatus(s.failures); got != "2 × 403, 1 × no answer" {
		t.Errorf("got %q", got)
	}
}

func TestAWaitIsSpreadOverTheTTL(t *testing.T) {
	const ttl = 10 * time.Second
	waits := evenly(5, ttl)
	var seen [5]bool
	for _, wait := range waits {
		seen[(wait-ttl/2)/(ttl/5)] = true
		if wait < ttl/2 || wait > ttl*3/2 {
			t.Errorf("%s is outside of half to one and a half of %s", wait, ttl)
		}
	}
	if seen != [5]bool{true, true, true, true, true} {
		t.Errorf("not one in each fifth: %v", waits)
	}
}
