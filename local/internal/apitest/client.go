package apitest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/local/internal/process"
	"github.com/gatehouse-iac/gatehouse/local/internal/prove"
)

// openAIClient lets OpenAI's own client ask, which judges by itself.
func openAIClient(ctx context.Context, a API) []prove.Row {
	failed := prove.Row{Name: "OpenAI's client", Expected: "answers"}
	out, err := process.Output(ctx, "", os.Environ(), append(slices.Clone(a.Client), a.URL)...)
	var rows []prove.Row
	for line := range strings.Lines(out) {
		var seen struct {
			Name, Expected, Got string
			OK                  bool
			MS                  int64
		}
		if json.Unmarshal([]byte(line), &seen) == nil {
			rows = append(rows, prove.Row{
				Name: "OpenAI's client: " + seen.Name, Expected: seen.Expected, Got: prove.Short(seen.Got), OK: seen.OK,
				Took: time.Duration(seen.MS) * time.Millisecond,
			})
		}
	}
	if err != nil || len(rows) == 0 {
		failed.Got = prove.Short(fmt.Sprint(out, err))
		rows = append(rows, failed)
	}
	return rows
}
