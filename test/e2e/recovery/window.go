package recovery

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// startTime is about how long the driver takes before it deploys to new servers.
const startTime = 10 * time.Second

// before is how long a deployment from nothing takes, by the history of a stack that
// runs; zero if none runs, or it was not made in one deployment.
func (t *test) before(ctx context.Context) (time.Duration, error) {
	running, all := env.Find(t.layout)
	s := t.open(ctx)
	if !all || !s.Exists() {
		return 0, nil
	}
	run, err := running.Run(ctx)
	if err != nil || !s.Describes(run.Instances) {
		return 0, err
	}
	history, err := s.CLI.Output(ctx, "stack", "history", "--json", "--stack", pulumicli.StackName)
	if err != nil {
		return 0, err
	}
	took, err := creation([]byte(history))
	if took == 0 {
		return 0, err
	}
	return startTime + took, nil
}

// creation is how long the deployment took that made all of a stack; zero if there
// was none.
func creation(history []byte) (time.Duration, error) {
	var updates []struct {
		Kind, Result       string
		StartTime, EndTime time.Time
		ResourceChanges    map[string]int
	}
	if err := json.Unmarshal(history, &updates); err != nil {
		return 0, err
	}
	for _, u := range updates {
		if u.Kind == "update" && u.Result == "succeeded" && slices.Equal(slices.Collect(maps.Keys(u.ResourceChanges)), []string{"create"}) {
			return u.EndTime.Sub(u.StartTime), nil
		}
	}
	return 0, nil
}
