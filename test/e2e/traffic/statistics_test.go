package traffic

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
		if got := Percentile(one.times, one.p); got != one.want {
			t.Errorf("p%d of %d times: got %d, want %d", one.p, len(one.times), got, one.want)
		}
	}
	if hundred[0] != 100 {
		t.Error("the times were sorted in place")
	}
}

func TestSummarize(t *testing.T) {
	wrong := errors.New("wrong")
	s := summarize([]Sample{
		{Took: 2, Status: 200, Edge: "LOC1"},
		{Took: 1, Status: 403, Edge: "LOC2", Err: wrong},
		{Took: 3, Err: wrong},
		{Took: 4, Status: 403, Edge: "LOC1", Err: wrong},
	})
	if s.Requests != 4 || len(s.Failures) != 3 || s.Edges != 2 || s.P50 != 2 || s.P99 != 4 {
		t.Errorf("got %+v", s)
	}
	if got := ByStatus(s.Failures); got != "2 × 403, 1 × no response" {
		t.Errorf("got %q", got)
	}
}

func TestAFailedStreamIsAFailure(t *testing.T) {
	s := summarize([]Sample{{Status: 200, Took: 1}})
	s.addStreams([]Sample{{Status: 200, Took: 100}, {Status: 200, Took: 200, Err: errors.New("cut")}})
	if s.Requests != 1 || s.Streams != 2 || len(s.Failures) != 1 || s.P99 != 1 {
		t.Errorf("got %+v", s)
	}
}
