// Package localstack deploys and destroys the stack of the sandbox. The servers that it
// is deployed to keep all in memory and the stack's state lies on disk, and either may
// be gone or left half done by an interrupted run: the state is used only if it
// describes these very servers, and only if it is known to be complete.
package localstack

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// Reasons why the next deployment can't continue from the state. Empty servers fix both.
var (
	// ErrUnknown means that the last deployment was killed, and that its state may differ
	// from what the servers have.
	ErrUnknown = errors.New("the last deployment was killed midway")

	// ErrPartlyGone means that a part of what was deployed is gone with its server.
	ErrPartlyGone = errors.New("one of the servers is a new one")
)

// Stack is the stack of the sandbox. It is never changed.
type Stack struct {
	Layout checkout.Layout
	CLI    pulumicli.CLI

	// Machine has the settings that differ from machine to machine.
	Machine map[string]any

	// Say prints what was done about leftovers.
	Say func(format string, args ...any)
}

// owner returns the file that names the instances of the servers which the state describes.
func (s Stack) owner() string { return s.Layout.Run("stack") }

// Exists reports whether there is a state, or what a deployment left that was killed
// while it wrote one: the file backend copies the state to a file that ends in .bak before
// it writes a new one.
func (s Stack) Exists() bool {
	return len(s.files("stacks", "*", pulumicli.StackName+".json*")) > 0
}

// files lists what the file backend keeps.
func (s Stack) files(pattern ...string) []string {
	found, _ := filepath.Glob(filepath.Join(append([]string{s.Layout.State(), ".pulumi"}, pattern...)...))
	return found
}

// locks lists the locks of deployments that are under way, or were killed.
func (s Stack) locks() []string { return s.files("locks", "*", "*", pulumicli.StackName, "*.json") }

// Describes reports whether the state belongs to these instances of the servers, to each of
// them and to no other.
func (s Stack) Describes(instances []string) bool {
	return len(instances) > 0 && slices.Equal(s.described(), instances)
}

// Within reports whether all that the state describes is on these instances.
func (s Stack) Within(instances []string) bool {
	described := s.described()
	return len(described) > 0 && !slices.ContainsFunc(described, func(one string) bool { return !slices.Contains(instances, one) })
}

// IsOn reports whether something of the stack may be deployed to an instance of this server.
func (s Stack) IsOn(server string) bool {
	return s.Exists() && slices.ContainsFunc(s.described(), func(one string) bool { return strings.HasPrefix(one, server+" ") })
}

// IsOnAny reports whether something of the stack may be on one of these instances.
func (s Stack) IsOnAny(instances []string) bool {
	return s.Exists() && slices.ContainsFunc(s.described(), func(one string) bool { return slices.Contains(instances, one) })
}

// described returns the instances that the state belongs to: of each, the server's name and
// what identifies this run of it.
func (s Stack) described() []string {
	owner, err := os.ReadFile(s.owner())
	if err != nil {
		return nil
	}
	return strings.Split(string(owner), "\n")
}

// Open makes the stack ready for a deployment to these instances of the servers. The stack
// may have been deployed to some of them only before.
func (s Stack) Open(ctx context.Context, instances []string) error {
	if s.Exists() && !s.Within(instances) {
		if s.IsOnAny(instances) {
			return ErrPartlyGone
		}
		s.Say("  the servers are new ones: the state of the stack in the old ones is dropped")
		if err := s.Drop(); err != nil {
			return err
		}
	}
	exists := s.Exists()
	if exists {
		if err := s.Settle(ctx); err != nil {
			return err
		}
	}
	if err := s.CLI.WriteConfig(s.Machine); err != nil {
		return err
	}
	// Before the deployment, because of one that is killed.
	if err := checkout.WriteFile(s.owner(), []byte(strings.Join(instances, "\n")), 0o644); err != nil || exists {
		return err
	}
	return s.create(ctx)
}

func (s Stack) create(ctx context.Context) error {
	return s.CLI.Init(ctx, s.Layout.Root, pulumicli.StackName)
}

// endTime is the longest that a deployment by another process may take.
const endTime = 4 * time.Minute

// unlock removes the lock of a deployment that was killed. It waits for one that still
// goes on, started by hand or by a driver that was killed a moment ago.
func (s Stack) unlock(ctx context.Context) error {
	waiting := false
	for deadline := time.Now().Add(endTime); ; {
		locks := s.locks()
		if len(locks) == 0 {
			return nil
		}
		pid, busy := holder(locks)
		if !busy {
			s.Say("  the lock of a deployment that was killed is removed")
			if _, err := s.CLI.Output(ctx, "cancel", "--yes", "--stack", pulumicli.StackName); err != nil {
				return cmp.Or(context.Cause(ctx), fmt.Errorf("%w: its lock can't be removed", ErrUnknown))
			}
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d does not stop changing the stack: end it, and start again", pid)
		}
		if !waiting {
			s.Say("  process %d is changing the stack: waiting for its end", pid)
			waiting = true
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// holder returns the process of the CLI that holds one of the locks, if it still runs.
func holder(locks []string) (pid int, busy bool) {
	for _, path := range locks {
		var lock struct{ PID int }
		if process.ReadRecord(path, &lock) && process.Name(lock.PID) == "pulumi" {
			return lock.PID, true
		}
	}
	return 0, false
}

// Settle clears away what a killed deployment left. It returns [ErrUnknown] if the state
// can't be read, or if operations were under way: it has no record then of which of them
// were completed. On AWS, docs/runbook.md says how to find out; here, empty servers are had
// within minutes.
func (s Stack) Settle(ctx context.Context) error {
	if err := s.unlock(ctx); err != nil {
		return err
	}
	if _, err := os.Stat(s.Layout.Passphrase()); err != nil {
		return fmt.Errorf("%w: the state's passphrase is gone", ErrUnknown)
	}
	exported, err := s.Export(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	pending, invalid := pendingOperations(exported)
	if err := errors.Join(err, invalid); err != nil {
		return fmt.Errorf("%w: the state can't be read", ErrUnknown)
	}
	if pending > 0 {
		return fmt.Errorf("%w, with %d operations under way", ErrUnknown, pending)
	}
	return nil
}

// pendingOperations counts the operations that were under way when an exported state was
// written.
func pendingOperations(exported []byte) (int, error) {
	var state struct {
		Deployment struct {
			Pending []json.RawMessage `json:"pending_operations"`
		} `json:"deployment"`
	}
	err := json.Unmarshal(exported, &state)
	return len(state.Deployment.Pending), err
}

// policyPack names the folder of the rules for every resource. At a deployment they see
// what a preview can't know yet.
const policyPack = "policy"

// Up deploys, and says what changed. A resource that breaks a rule stops it.
func (s Stack) Up(ctx context.Context, doing func(string)) (changes string, err error) {
	return s.up(ctx, doing)
}

func (s Stack) up(ctx context.Context, doing func(string), flags ...string) (changes string, err error) {
	args := []string{"up", "--yes", "--skip-preview", "--suppress-outputs", "--policy-pack", policyPack}
	return s.run(ctx, "up", doing, append(args, flags...)...)
}

// UpWith deploys with some settings changed, or with the stack's own if there are none.
func (s Stack) UpWith(ctx context.Context, settings map[string]any, doing func(string)) (changes string, err error) {
	if err := s.configure(settings); err != nil {
		return "", err
	}
	return s.Up(ctx, doing)
}

// configure writes the stack's configuration with some settings changed.
func (s Stack) configure(settings map[string]any) error {
	changed := maps.Clone(s.Machine)
	maps.Copy(changed, settings)
	return s.CLI.WriteConfig(changed)
}

// UpWithoutRefresh does what [Stack.UpWith] does, by the state as it is: the provider
// isn't called to find out what has changed since.
func (s Stack) UpWithoutRefresh(ctx context.Context, settings map[string]any, doing func(string)) (changes string, err error) {
	if err := s.configure(settings); err != nil {
		return "", err
	}
	return s.up(ctx, doing, "--refresh=false")
}

// Preview fails if a deployment would change anything, or if a resource differs from the
// state.
func (s Stack) Preview(ctx context.Context, doing func(string)) (changes string, err error) {
	return s.run(ctx, "preview", doing, "preview", "--diff", "--refresh", "--expect-no-changes", "--policy-pack", policyPack)
}

// DestroyPart removes the resources whose URNs a pattern with asterisks matches,
// and what depends on them. It looks at the state only: the engine can't refresh
// what depends on them through another provider.
func (s Stack) DestroyPart(ctx context.Context, urns string, doing func(string)) (changes string, err error) {
	return s.run(ctx, "destroy-part", doing, "destroy", "--yes", "--skip-preview", "--target", urns, "--target-dependents", "--refresh=false")
}

// Destroy removes everything from the servers, and then the stack.
func (s Stack) Destroy(ctx context.Context, doing func(string)) (changes string, err error) {
	changes, err = s.run(ctx, "destroy", doing, "destroy", "--yes", "--skip-preview")
	if err != nil {
		return "", err
	}
	// Refuses a stack that still has resources.
	_, err = s.CLI.Output(ctx, "stack", "rm", "--yes", "--preserve-config", "--stack", pulumicli.StackName)
	return changes, err
}

func (s Stack) run(ctx context.Context, log string, doing func(string), args ...string) (changes string, err error) {
	var progress pulumicli.Progress
	watch := func(line string) {
		if text := progress.Read(line); text != "" {
			doing(text)
		}
	}
	err = s.CLI.Run(ctx, log, watch, append(args, "--stack", pulumicli.StackName)...)
	return progress.Changes(), err
}

// Outputs returns the stack's outputs as the CLI shows them, secrets masked.
func (s Stack) Outputs(ctx context.Context) (values map[string]string, text string, err error) {
	text, err = s.CLI.Output(ctx, "stack", "output", "--json", "--stack", pulumicli.StackName)
	if err != nil {
		return nil, "", err
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, "", fmt.Errorf("read the stack's outputs: %w", err)
	}
	values = map[string]string{}
	for name, value := range all {
		if value, isString := value.(string); isString {
			values[name] = value
		}
	}
	return values, text, nil
}

// Export returns the state as JSON, secrets encrypted.
func (s Stack) Export(ctx context.Context) ([]byte, error) {
	out, err := s.CLI.Output(ctx, "stack", "export", "--stack", pulumicli.StackName)
	return []byte(out), err
}

// Import replaces the state.
func (s Stack) Import(ctx context.Context, state []byte) error {
	file := s.Layout.Run("import.json")
	if err := checkout.WriteFile(file, state, 0o600); err != nil {
		return err
	}
	defer os.Remove(file)
	_, err := s.CLI.Output(ctx, "stack", "import", "--file", file, "--stack", pulumicli.StackName)
	return err
}

// Drop removes the stack's state and configuration, and leaves the servers alone.
func (s Stack) Drop() error {
	return errors.Join(os.RemoveAll(s.Layout.State()), os.RemoveAll(s.owner()), os.RemoveAll(s.Layout.Config()))
}
