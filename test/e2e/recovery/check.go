package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/recovery"
)

// comparison is what the servers and the state have in common.
type comparison struct {
	compared int
	twice    []string // made by the last deployment, by a request that its provider sent twice
}

// check compares the servers with the state. What they had when the last deployment
// began, and the state has not learnt of, is an error, as is all that they lack, and
// what their inventory doesn't know.
func (t *test) check(ctx context.Context, before recovery.Inventory) (c comparison, err error) {
	if t.stack.Locked() {
		return c, errors.New("a lock is left")
	}
	inventory, err := t.inventory(ctx)
	if err != nil {
		return c, err
	}
	exported, err := t.stack.CLI.Output(ctx, "stack", "export", "--stack", pulumicli.StackName)
	if err != nil {
		return c, err
	}
	var state recovery.State
	if err := json.Unmarshal([]byte(exported), &state); err != nil {
		return c, fmt.Errorf("the state: %w", err)
	}
	if pending := len(state.Deployment.Pending); pending > 0 {
		return c, fmt.Errorf("%d operations are still under way in the state", pending)
	}
	var wrong []string
	if unknown := recovery.Unknown(state, inventory); len(unknown) > 0 {
		wrong = append(wrong, "the inventory says nothing of "+strings.Join(unknown, ", "))
	}
	for _, orphan := range recovery.Orphans(state, inventory) {
		if !before.Has(orphan) {
			c.twice = append(c.twice, orphan.Type+" "+orphan.ID)
			continue
		}
		wrong = append(wrong, fmt.Sprintf("the state lacks %s %s", orphan.Type, orphan.ID))
	}
	for _, missing := range recovery.Missing(state, inventory) {
		wrong = append(wrong, fmt.Sprintf("the servers lack %s %s", missing.Type, missing.ID))
	}
	if len(wrong) > 0 {
		return c, fmt.Errorf("servers and state differ: %s", strings.Join(wrong, "; "))
	}
	c.compared = len(inventory.Resources) - len(c.twice)
	return c, nil
}

// inventory is empty before there are all servers: nothing is deployed before.
func (t *test) inventory(ctx context.Context) (recovery.Inventory, error) {
	running, all := env.Find(t.layout)
	if !all {
		return recovery.Inventory{}, nil
	}
	return running.Inventory(ctx)
}
