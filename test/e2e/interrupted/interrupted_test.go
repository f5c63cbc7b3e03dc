// Package interrupted kills a deployment of the sandbox while AWS is creating resources,
// and tests what `make local` and `make local-down` do afterwards.
package interrupted

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

const (
	upTimeout       = 15 * time.Minute // of one `make local`, with what it builds
	survivorTimeout = 20 * time.Second // of what a killed driver and its CLI have started
)

// The drivers that the tests start take the sandbox's lock themselves.

func TestKilledDeploymentLeavesNothingAfterDown(t *testing.T) {
	l := e2etest.Checkout(t)
	killDeployment(t, l)
	driver(t, l, "down")
	if env.Any(l) {
		t.Error("a server still runs")
	}
	for _, path := range []string{l.State(), l.Run(""), l.Config(), l.Passphrase(), l.Endpoints()} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there (%v)", path, err)
		}
	}
}

func TestKilledDeploymentIsStartedOver(t *testing.T) {
	l := e2etest.Checkout(t)
	killed := killDeployment(t, l)
	driver(t, l, "up", "-brief")
	started := instances(t, l)
	if slices.ContainsFunc(started, func(instance string) bool { return slices.Contains(killed, instance) }) {
		t.Errorf("the deployment did not start over: before %q, now %q", killed, started)
	}
	e := attach(t, l)
	checkChanges(t, e, "create")
	if status := post(t, e); status != http.StatusOK {
		t.Errorf("a request through the distribution: want status 200, got %d", status)
	}

	awaitFirstRotation(t, l)
	driver(t, l, "up", "-brief")
	if again := instances(t, l); !slices.Equal(again, started) {
		t.Errorf("the second `up` replaced servers: before %q, now %q", started, again)
	}
	checkChanges(t, attach(t, l), "same")
}

// The API server is not compiled at the first start: the stack is deployed in stages then, and
// what was deployed in the first one stays.
func TestInterruptedFirstStartContinues(t *testing.T) {
	l := e2etest.Checkout(t)
	stopServers(t, l)
	if err := os.Remove(l.Stamp(kubernetesserver.Program.Name)); err != nil {
		t.Fatal(err)
	}
	interruptAfter(t, l, "The API responds")
	if _, err := os.Stat(l.Endpoints()); err == nil {
		t.Errorf("%s is there before all is deployed", l.Endpoints())
	}
	aws := instances(t, l)[0]

	awaitFirstRotation(t, l)
	driver(t, l, "up", "-brief")
	if again := instances(t, l)[0]; again != aws {
		t.Errorf("the next `up` began with another AWS server: before %q, now %q", aws, again)
	}
	e := attach(t, l)
	checkChanges(t, e, "create", "same")
	if status := post(t, e); status != http.StatusOK {
		t.Errorf("a request through the distribution: want status 200, got %d", status)
	}
}

// interruptAfter interrupts `up` as soon as it has printed a text, and waits for its end.
func interruptAfter(t *testing.T, l checkout.Layout, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), upTimeout)
	defer cancel()
	printed := false
	cmd := exec.CommandContext(ctx, l.Bin("gatehouse-local"), "up", "-brief")
	cmd.Dir, cmd.Stderr = l.Root, t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		t.Log(lines.Text())
		if !printed && strings.Contains(lines.Text(), text) {
			printed = true
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Error(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || !printed {
		t.Fatalf("`up` printed %q: %v; it ended with %v", text, printed, err)
	}
}

// killDeployment kills a deployment to empty servers while AWS creates the distribution,
// and returns the instances of these servers.
func killDeployment(t *testing.T, l checkout.Layout) []string {
	t.Helper()
	stopServers(t, l)
	cmd := exec.Command(l.Bin("gatehouse-local"), "up", "-brief")
	cmd.Dir, cmd.Stdout, cmd.Stderr = l.Root, t.Output(), t.Output()
	// With a session of its own, all that it starts can be found: only the servers, which
	// go on, have another one.
	cmd.SysProcAttr = process.TestSession()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	session := cmd.Process.Pid
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { _ = syscall.Kill(-session, syscall.SIGKILL) }()

	cli := awaitCreation(t, l, "aws:cloudfront/distribution:Distribution", ended)
	// The CLI leads a process group of its own. It goes first: without its driver it would
	// end in an orderly way.
	for _, group := range []int{cli, session} {
		if err := syscall.Kill(-group, syscall.SIGKILL); err != nil {
			t.Errorf("kill process group %d: %v", group, err)
		}
	}
	<-ended
	if pending(l) == nil {
		t.Fatal("the kill came too late: the state has no operation under way")
	}
	// What the two have started ends by itself.
	var left []string
	for deadline := time.Now().Add(survivorTimeout); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if left = processesOf(t, session); len(left) == 0 {
			break
		}
	}
	if len(left) > 0 {
		t.Errorf("%s after the kill, these still run: %s", survivorTimeout, strings.Join(left, ", "))
	}
	return instances(t, l)
}

// stopServers stops the servers, so that the next deployment begins with empty ones.
func stopServers(t *testing.T, l checkout.Layout) {
	t.Helper()
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	lock, err := l.Lock(t.Context(), t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := env.Stop(t.Context(), l); err != nil {
		t.Fatal(err)
	}
}

// awaitCreation waits until the state has the creation of a resource of this type under
// way, and returns the process of the CLI, which is in its lock.
func awaitCreation(t *testing.T, l checkout.Layout, resourceType string, ended <-chan error) (cli int) {
	t.Helper()
	deadline := time.After(upTimeout)
	for {
		if slices.Contains(pending(l), resourceType) {
			locks, err := filepath.Glob(filepath.Join(l.State(), ".pulumi", "locks", "*", "*", pulumicli.StackName, "*.json"))
			var lock struct{ PID int }
			if err != nil || len(locks) != 1 || !process.ReadRecord(locks[0], &lock) {
				t.Fatalf("want one lock of a deployment, found %v (%v)", locks, err)
			}
			return lock.PID
		}
		select {
		case err := <-ended:
			t.Fatalf("`up` ended before it created %s: %v", resourceType, err)
		case <-deadline:
			t.Fatalf("`up` did not create %s within %s", resourceType, upTimeout)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// pending returns the types of the resources in the state that were being created.
func pending(l checkout.Layout) (resourceTypes []string) {
	files, _ := filepath.Glob(filepath.Join(l.State(), ".pulumi", "stacks", "*", pulumicli.StackName+".json"))
	for _, file := range files {
		var state struct {
			Checkpoint struct {
				Latest struct {
					Pending []struct {
						Type     string
						Resource struct{ Type string }
					} `json:"pending_operations"`
				}
			}
		}
		process.ReadRecord(file, &state) // half a state has no operations: it is read again
		for _, operation := range state.Checkpoint.Latest.Pending {
			if operation.Type == "creating" {
				resourceTypes = append(resourceTypes, operation.Resource.Type)
			}
		}
	}
	return resourceTypes
}

// processesOf names the processes of a session.
func processesOf(t *testing.T, session int) (found []string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ps", "-axo", "pid=").Output()
	if err != nil {
		t.Fatalf("ps: %v", err)
	}
	for field := range strings.FieldsSeq(string(out)) {
		var pid int
		if _, err := fmt.Sscan(field, &pid); err != nil {
			t.Fatalf("ps: %q: %v", field, err)
		}
		id, err := process.Identify(pid) // fails for a process that has ended
		if of, sidErr := unix.Getsid(pid); err == nil && sidErr == nil && of == session && id.Running() {
			found = append(found, fmt.Sprintf("%s (%d)", process.Name(pid), pid))
		}
	}
	return found
}

// driver runs the driver to its end. It ends with the test, also when that is killed.
func driver(t *testing.T, l checkout.Layout, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), upTimeout)
	defer cancel()
	began := time.Now()
	err := process.Command{
		Dir: l.Root, Env: os.Environ(), Args: append([]string{l.Bin("gatehouse-local")}, args...),
		Log: l.Log("interrupted-" + args[0]), Patience: time.Minute,
	}.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("gatehouse-local %s took %s", strings.Join(args, " "), time.Since(began).Round(time.Second))
}

func instances(t *testing.T, l checkout.Layout) []string {
	t.Helper()
	run, err := env.Find(l).Run(t.Context())
	if err != nil || len(run.Instances) == 0 {
		t.Fatalf("found %d servers: %v", len(run.Instances), err)
	}
	return run.Instances
}

// attach returns the environment. No test or command of this checkout changes it
// meanwhile: the driver has ended.
func attach(t *testing.T, l checkout.Layout) *env.Environment {
	t.Helper()
	e, err := env.Attach(t.Context(), l, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// checkChanges checks that the last deployment did these things, and nothing else, with the
// resources: "create", "same".
func checkChanges(t *testing.T, e *env.Environment, want ...string) {
	t.Helper()
	output, err := e.Stack.CLI.Output(t.Context(), "stack", "history", "--json", "--stack", pulumicli.StackName)
	if err != nil {
		t.Fatal(err)
	}
	var updates []struct {
		Result          string
		ResourceChanges map[string]int
	}
	if err := json.Unmarshal([]byte(output), &updates); err != nil || len(updates) == 0 {
		t.Fatalf("the stack's history: %v, %s", err, output)
	}
	last := updates[0]
	if changes := slices.Sorted(maps.Keys(last.ResourceChanges)); last.Result != "succeeded" || !slices.Equal(changes, want) {
		t.Errorf("the last deployment %s, with the changes %v; want only %q", last.Result, last.ResourceChanges, want)
	}
}

// post sends a conversation to a model, and returns the response's status.
func post(t *testing.T, e *env.Environment) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, e.ModelsURL(e.DistributionURL()), strings.NewReader(`{"messages":[{"role":"user","content":"Hello"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = e.Authorization()
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}
