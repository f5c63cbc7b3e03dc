package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// startTime is the longest that Lambda waits for a function to start.
const startTime = 10 * time.Second

// Function is a running process of a function.
type Function struct {
	// Init is the time from its start until it requested its first event.
	Init time.Duration

	server  *server
	process *exec.Cmd
	output  *os.File // a file, because the reader of a pipe would be measured as well
	ended   chan struct{}
}

// Start starts the program args with nothing but env and the API's address in its
// environment, and waits until it requests its first event.
func Start(ctx context.Context, env []string, args ...string) (*Function, error) {
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	output, err := os.CreateTemp("", "function-*.log")
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	f := &Function{server: s, output: output, ended: make(chan struct{})}
	f.process = exec.Command(args[0], args[1:]...)
	f.process.Env = append([]string{"AWS_LAMBDA_RUNTIME_API=" + s.address}, env...)
	f.process.Stdout, f.process.Stderr = f.output, f.output
	began := time.Now()
	if err := f.process.Start(); err != nil {
		return nil, errors.Join(err, f.cleanUp())
	}
	go func() {
		_ = f.process.Wait()
		close(f.ended)
	}()
	select {
	case <-s.ready:
		f.Init = time.Since(began)
		return f, nil
	case <-f.ended:
		err = fmt.Errorf("%s ended before it requested an event: %s", args[0], f.printed())
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-time.After(startTime):
		err = fmt.Errorf("%s does not request an event", args[0])
	}
	return nil, errors.Join(err, f.Stop())
}

// Invoke sends an event and returns the response.
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	call := &invocation{event: event, answer: make(chan answer, 1)}
	select {
	case f.server.events <- call:
	case <-f.ended:
		return nil, errStopped
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	select {
	case got := <-call.answer:
		return got.content, got.err
	case <-f.ended:
		return nil, errStopped
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

var peakPattern = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)

// PeakMemory returns the most memory that the process had resident until now, in
// bytes. Only Linux has it in /proc.
func (f *Function) PeakMemory() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", f.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	found := peakPattern.FindSubmatch(status)
	if found == nil {
		return 0, errors.New("the system does not report a process's peak memory")
	}
	kib, err := strconv.ParseInt(string(found[1]), 10, 64)
	return kib << 10, err
}

// Stop ends the process.
func (f *Function) Stop() error {
	_ = f.process.Process.Kill() // fails only if it has ended
	<-f.ended
	return f.cleanUp()
}

func (f *Function) cleanUp() error {
	return errors.Join(f.server.close(), f.output.Close(), os.Remove(f.output.Name()))
}

// printed returns what the process printed.
func (f *Function) printed() string {
	content, _ := os.ReadFile(f.output.Name())
	return strings.TrimSpace(string(content))
}
