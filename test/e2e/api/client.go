package api

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// openAIClient lets OpenAI's own client ask, which judges by itself.
func openAIClient(ctx context.Context, a API) []smoke.Row {
	failed := smoke.Row{Name: "OpenAI's client", Expected: "answers"}
	out, err := process.Output(ctx, "", os.Environ(), append(slices.Clone(a.Client), a.URL)...)
	var rows []smoke.Row
	for line := range strings.Lines(out) {
		var seen struct {
			Name, Expected, Got string
			OK                  bool
			MS                  int64
		}
		if json.Unmarshal([]byte(line), &seen) == nil {
			rows = append(rows, smoke.Row{
				Name: "OpenAI's client: " + seen.Name, Expected: seen.Expected, Got: smoke.Short(seen.Got), OK: seen.OK,
				Took: time.Duration(seen.MS) * time.Millisecond,
			})
		}
	}
	if err != nil || len(rows) == 0 {
		failed.Got = smoke.Short(fmt.Sprint(out, err))
		rows = append(rows, failed)
	}
	return rows
}
