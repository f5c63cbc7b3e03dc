package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/test/bench"
)

// benchCost measures nothing: what it shows is computed from price lists.
func benchCost(_ context.Context, l checkout.Layout) ([]bench.Row, error) {
	sums, err := os.ReadFile(filepath.Join(l.Root, "docs", "costs.json"))
	if err != nil {
		return nil, err
	}
	return bench.Cost(sums)
}
