package recovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/sandbox/recovery"
)

// forgotten does what no kill at a random moment does: it lets the state forget all
// resources at once, as if all of them had just been made. So each kind is imported
// or made anew. The stack has to be as it was made: objects in Kubernetes that were
// updated belong to a field manager that the state would forget, too.
func (t *test) forgotten(ctx context.Context) error {
	return t.show.Step(ctx, "all forgotten", func(ctx context.Context, s *progress.Step) error {
		before, err := t.inventory(ctx)
		if err != nil {
			return err
		}
		path, err := stateFile(t.layout.State())
		if err != nil {
			return err
		}
		state, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		changed, count, err := forget(state, before)
		if err != nil {
			return err
		}
		if err := checkout.WriteFile(path, changed, 0o600); err != nil {
			return err
		}
		a, err := t.up(ctx, "recovery-forgotten", 0)
		if err != nil {
			return err
		}
		if said := fmt.Sprintf("of which %d have made something", count); !strings.Contains(a.said, said) {
			return fmt.Errorf("`up` does not say %q, but:\n%s", said, mended(a.said))
		}
		t.stack = t.open(ctx)
		c, err := t.check(ctx, before)
		s.Note("the state learned of %d resources; %d are in the state and in the servers", count, c.compared)
		return err
	})
}

// madeLater is what a state has of a resource once it is made, and what leads to
// others that are forgotten.
var madeLater = []string{"id", "outputs", "created", "modified", "dependencies", "propertyDependencies"}

// forget takes all resources from the text of a state, and says that those which the
// servers know were being created.
func forget(text []byte, servers recovery.Inventory) (changed []byte, creating int, err error) {
	var all, checkpoint, latest map[string]json.RawMessage
	var resources []map[string]json.RawMessage
	if err := errors.Join(
		json.Unmarshal(text, &all),
		json.Unmarshal(all["checkpoint"], &checkpoint),
		json.Unmarshal(checkpoint["latest"], &latest),
		json.Unmarshal(latest["resources"], &resources),
	); err != nil {
		return nil, 0, err
	}
	type operation struct {
		Type     string                     `json:"type"`
		Resource map[string]json.RawMessage `json:"resource"`
	}
	var kept []map[string]json.RawMessage
	var pending []operation
	for _, r := range resources {
		var kind string
		if err := json.Unmarshal(r["type"], &kind); err != nil {
			return nil, 0, err
		}
		switch {
		case string(r["custom"]) != "true" || strings.HasPrefix(kind, "pulumi:"): // components and providers
			kept = append(kept, r)
		case slices.Contains(servers.Types, kind):
			for _, later := range madeLater {
				delete(r, later)
			}
			pending = append(pending, operation{"creating", r})
		}
	}
	for _, level := range []struct {
		in    map[string]json.RawMessage
		key   string
		value any
	}{
		{latest, "resources", kept},
		{latest, "pending_operations", pending},
		{checkpoint, "latest", latest},
		{all, "checkpoint", checkpoint},
	} {
		if level.in[level.key], err = json.Marshal(level.value); err != nil {
			return nil, 0, err
		}
	}
	changed, err = json.Marshal(all)
	return changed, len(pending), err
}

// stateFile is where a backend keeps the stack's state.
func stateFile(backend string) (string, error) {
	found, err := filepath.Glob(filepath.Join(backend, ".pulumi", "stacks", "*", pulumicli.StackName+".json"))
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("the state is not found, but %v", found)
	}
	return found[0], nil
}
