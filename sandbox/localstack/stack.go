// Package stack deploys and destroys the local stack. The servers that it is
// deployed to keep all in memory and the stack's state lies on disk, and either
// may be gone or left half done by an interrupted run: the state is used only if
// it describes these very servers.
package localstack

import (
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
	"github.com/gatehouse-iac/gatehouse/sandbox/recovery"
)

// What the state can't be built upon. Both are mended by new servers.
var (
	// ErrUnknown is the outcome of a deployment that was killed when nobody can tell
	// what of its last operations happened on the servers.
	ErrUnknown = errors.New("the last deployment was killed midway")

	// ErrPartlyGone means that a part of what was deployed is gone with its server.
	ErrPartlyGone = errors.New("one of the servers is a new one")
)

// Stack is the local stack.
type Stack struct {
	Layout checkout.Layout
	CLI    pulumicli.CLI
	// Machine is the part of the configuration that differs from machine to machine.
	Machine map[string]any
	// Inventory asks the servers what they hold.
	Inventory func(context.Context) (recovery.Inventory, error)
	// Say tells the user what was done about leftovers.
	Say func(format string, args ...any)
}

// owner is the file that names the servers which the state describes.
func (s Stack) owner() string { return s.Layout.Run("stack") }

// Exists reports whether there is a state.
func (s Stack) Exists() bool {
	return len(s.files("stacks", "*", pulumicli.StackName+".json"))+len(s.backups()) > 0
}

// files lists what the file backend keeps.
func (s Stack) files(pattern ...string) []string {
	found, _ := filepath.Glob(filepath.Join(append([]string{s.Layout.State(), ".pulumi"}, pattern...)...))
	return found
}

// Locked reports whether a deployment goes on, or was killed.
func (s Stack) Locked() bool { return len(s.locks()) > 0 }

func (s Stack) locks() []string { return s.files("locks", "*", "*", pulumicli.StackName, "*.json") }

// Describes reports whether the state belongs to these instances of the
// servers.
func (s Stack) Describes(instances []string) bool {
	return len(instances) > 0 && slices.Equal(s.described(), instances)
}

// described are the instances that the state belongs to.
func (s Stack) described() []string {
	owner, err := os.ReadFile(s.owner())
	if err != nil {
		return nil
	}
	return strings.Split(string(owner), "\n")
}

// Open makes the stack ready for a deployment to these instances of the servers.
func (s Stack) Open(ctx context.Context, instances []string) error {
	if s.Exists() && !s.Describes(instances) {
		if slices.ContainsFunc(s.described(), func(old string) bool { return slices.Contains(instances, old) }) {
			return ErrPartlyGone
		}
		s.Say("  the servers are new ones: the state of the stack in the old ones is dropped")
		if err := s.Drop(); err != nil {
			return err
		}
	}
	if s.Exists() {
		if err := s.Settle(ctx); err != nil {
			return err
		}
	}
	if err := pulumicli.WriteConfig(s.Layout, s.Machine); err != nil {
		return err
	}
	if s.Exists() {
		return nil
	}
	if err := checkout.WriteFile(s.owner(), []byte(strings.Join(instances, "\n")), 0o644); err != nil {
		return err
	}
	return s.create(ctx)
}

func (s Stack) create(ctx context.Context) error {
	return s.CLI.Init(ctx, s.Layout.Root, pulumicli.StackName)
}

// endTime is how long a deployment that someone else has begun may take.
const endTime = 4 * time.Minute

// unlock removes the lock of a deployment that was killed. One that still goes
// on, by hand or because its driver was killed a moment ago, is left to end.
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
			if err := s.restore(); err != nil {
				return err
			}
			_, err := s.CLI.Output(ctx, "cancel", "--yes", "--stack", pulumicli.StackName)
			return err
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

// holder returns the CLI that holds one of the locks and still runs.
func holder(locks []string) (pid int, busy bool) {
	for _, path := range locks {
		var lock struct{ PID int }
		if process.ReadRecord(path, &lock) && process.Name(lock.PID) == "pulumi" {
			return lock.PID, true
		}
	}
	return 0, false
}

// Settle clears away what a killed deployment left. It returns ErrUnknown if
// the state can't be built upon.
func (s Stack) Settle(ctx context.Context) error {
	if err := s.unlock(ctx); err != nil {
		return err
	}
	if _, err := os.Stat(s.Layout.Passphrase()); err != nil {
		return fmt.Errorf("%w: the state's passphrase is gone", ErrUnknown)
	}
	out, err := s.Export(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var state recovery.State
	if err := errors.Join(err, json.Unmarshal(out, &state)); err != nil {
		return fmt.Errorf("%w: the state can't be read", ErrUnknown)
	}
	if len(state.Deployment.Pending) == 0 {
		return nil
	}
	return s.mend(ctx, state, []byte(out))
}

// mend lets the state learn what the operations that were under way have made. What
// the others have changed, the next deployment's refresh sees.
func (s Stack) mend(ctx context.Context, state recovery.State, exported []byte) error {
	pending := len(state.Deployment.Pending)
	inventory, err := s.Inventory(ctx)
	if err != nil {
		return err
	}
	imports, err := recovery.Explain(state, inventory)
	if err != nil {
		return fmt.Errorf("%w, with %d operations under way: %w", ErrUnknown, pending, err)
	}
	mended, err := recovery.Mend(exported, imports)
	if err != nil {
		return fmt.Errorf("%w, and its state is not understood: %w", ErrUnknown, err)
	}
	s.Say("  the last deployment was killed with %d operations under way, of which %d have made something that its state lacks: it is mended", pending, len(imports))
	return s.Import(ctx, mended)
}

// policyPack is the folder of the rules for every resource. At a deployment they see
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

// UpWith deploys with some settings changed; with none, the stack as it is meant.
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
	return pulumicli.WriteConfig(s.Layout, changed)
}

// UpWithoutRefresh is [Stack.UpWith] by the state as it is, whatever has changed since.
func (s Stack) UpWithoutRefresh(ctx context.Context, settings map[string]any, doing func(string)) (changes string, err error) {
	if err := s.configure(settings); err != nil {
		return "", err
	}
	return s.up(ctx, doing, "--refresh=false")
}

// Preview fails if a deployment would change anything, or if something isn't as the
// state has it.
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

// Outputs are the stack's outputs as the CLI shows them, secrets masked.
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

// Import puts a state in place of the one that there is.
func (s Stack) Import(ctx context.Context, state []byte) error {
	file := s.Layout.Run("import.json")
	if err := checkout.WriteFile(file, state, 0o600); err != nil {
		return err
	}
	defer os.Remove(file)
	_, err := s.CLI.Output(ctx, "stack", "import", "--file", file, "--stack", pulumicli.StackName)
	return err
}

// Drop forgets the stack without touching the servers.
func (s Stack) Drop() error {
	return errors.Join(os.RemoveAll(s.Layout.State()), os.RemoveAll(s.owner()), os.RemoveAll(s.Layout.Config()))
}
