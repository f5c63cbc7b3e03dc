package traffic

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Statistics sums up requests.
type Statistics struct {
	Requests    int
	Streams     int      // besides the requests
	Failures    []Sample // of requests and streams
	Connections int
	Edges       int           // that responded
	P50, P99    time.Duration // of the requests
}

func summarize(samples []Sample) Statistics {
	s := Statistics{Requests: len(samples)}
	edges := map[string]bool{}
	var times []time.Duration
	for _, one := range samples {
		times = append(times, one.Took)
		if one.Edge != "" {
			edges[one.Edge] = true
		}
		if one.Err != nil {
			s.Failures = append(s.Failures, one)
		}
	}
	s.Edges = len(edges)
	s.P50, s.P99 = Percentile(times, 50), Percentile(times, 99)
	return s
}

// addStreams adds streams to the statistics.
func (s *Statistics) addStreams(samples []Sample) {
	s.Streams = len(samples)
	for _, one := range samples {
		if one.Err != nil {
			s.Failures = append(s.Failures, one)
		}
	}
}

// mostShown is the number of failures that an error shows.
const mostShown = 20

// Failed returns an error with the first failures, each with what about says of it. It also
// returns one if no request was sent.
func (s Statistics) Failed(about func(Sample) string) error {
	if s.Requests == 0 {
		return errors.New("no request was sent")
	}
	if len(s.Failures) == 0 {
		return nil
	}
	lines := []string{fmt.Sprintf("%d of %d requests and %d streams failed (%s):", len(s.Failures), s.Requests, s.Streams, ByStatus(s.Failures))}
	for _, f := range s.Failures[:min(mostShown, len(s.Failures))] {
		lines = append(lines, fmt.Sprintf("  %s  status %d after %s, edge %s%s: %s",
			f.At.Format("15:04:05.000"), f.Status, f.Took.Round(time.Millisecond), cmp.Or(f.Edge, "unknown"), about(f), f.Err))
	}
	if more := len(s.Failures) - mostShown; more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", more))
	}
	return errors.New(strings.Join(lines, "\n"))
}

// Percentile returns the smallest of the times that at least p percent of them do
// not exceed; zero without times.
func Percentile(times []time.Duration, p int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

// ByStatus counts failures, the most frequent first.
func ByStatus(failures []Sample) string {
	counts := map[int]int{}
	for _, f := range failures {
		counts[f.Status]++
	}
	statuses := slices.SortedFunc(maps.Keys(counts), func(a, b int) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, status := range statuses {
		name := fmt.Sprint(status)
		if status == 0 {
			name = "no response"
		}
		parts = append(parts, fmt.Sprintf("%d × %s", counts[status], name))
	}
	return strings.Join(parts, ", ")
}
