package bench

import (
	"slices"
)

func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile returns the smallest of the values that at least this share of them does
// not exceed; zero without values.
func quantile(values []float64, share float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	at := int(share*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(0, at), len(sorted)-1)]
}
