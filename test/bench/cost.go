package bench

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// costSums has the tables of docs/costs.json in the order of the document.
var costSums = []string{"a month at rest", "a million requests, let in", "a million requests, the model included"}

// ourStacks has the columns of Gatehouse; the others are of systems that it is compared
// with.
var ourStacks = []string{"dev", "prod"}

// Cost returns the rows of docs/costs.json, which the tests compute: each of our
// stacks, beside each other system that is in the same table. The others have no
// such price where ours is compared with nothing.
func Cost(sums []byte) ([]Row, error) {
	var read struct {
		USD map[string]map[string]float64 `json:"usd"`
	}
	if err := json.Unmarshal(sums, &read); err != nil {
		return nil, fmt.Errorf("the sums of the costs: %w", err)
	}
	var rows []Row
	for _, what := range costSums {
		columns := read.USD[what]
		if columns == nil {
			return nil, fmt.Errorf("the sums of the costs have nothing for %q", what)
		}
		for _, stack := range ourStacks {
			if ours, found := columns[stack]; found {
				rows = append(rows, costRows(stack+", "+what, ours, columns)...)
			}
		}
	}
	return rows, nil
}

func costRows(figure string, ours float64, columns map[string]float64) []Row {
	var rows []Row
	for _, other := range slices.Sorted(maps.Keys(columns)) {
		if !slices.Contains(ourStacks, other) {
			rows = append(rows, Row{Figure: figure, Unit: "$", Ours: ours, Beside: other, Theirs: columns[other]})
		}
	}
	if rows == nil {
		rows = []Row{{Figure: figure, Unit: "$", Ours: ours}}
	}
	return rows
}
