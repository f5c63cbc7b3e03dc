package rotation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// statistics sum up samples.
type statistics struct {
	requests    int
	failures    []sample
	connections int
	edges       int // that answered
	p50, p99    time.Duration
}

func summarize(samples []sample) statistics {
	s := statistics{requests: len(samples)}
	edges := map[string]bool{}
	var times []time.Duration
	for _, one := range samples {
		times = append(times, one.took)
		if one.edge != "" {
			edges[one.edge] = true
		}
		if one.err != nil {
			s.failures = append(s.failures, one)
		}
	}
	s.edges = len(edges)
	s.p50, s.p99 = percentile(times, 50), percentile(times, 99)
	return s
}

// percentile returns the smallest of the times that at least p percent of them do
// not exceed; zero without times.
func percentile(times []time.Duration, p int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[max(0, (len(sorted)*p+99)/100-1)]
}

// byStatus counts failures, the most frequent first.
func byStatus(failures []sample) string {
	counts := map[int]int{}
	for _, f := range failures {
		counts[f.status]++
	}
	statuses := slices.SortedFunc(maps.Keys(counts), func(a, b int) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	var parts []string
	for _, status := range statuses {
		name := fmt.Sprint(status)
		if status == 0 {
			name = "no answer"
		}
		parts = append(parts, fmt.Sprintf("%d × %s", counts[status], name))
	}
	return strings.Join(parts, ", ")
}
