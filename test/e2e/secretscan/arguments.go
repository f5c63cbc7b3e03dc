package secretscan

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// argumentsInterval is the time between looks at the running processes. One that ends sooner
	// may be missed.
	argumentsInterval = 50 * time.Millisecond

	// firstLooks is the number of looks at a process. Its command line changes at most at its
	// beginning, when it becomes another program.
	firstLooks = 10
)

// Arguments has the command lines of processes. They are world-readable on most systems.
type Arguments struct {
	processes string // the folder of processes: /proc

	looks map[string]int // at the processes that run, by id

	mu    sync.Mutex
	lines map[string]bool
}

func newArguments(processes string) *Arguments {
	return &Arguments{processes: processes, looks: map[string]int{}, lines: map[string]bool{}}
}

// WatchArguments notes the command line of every process that runs on this machine until the
// context ends. It needs Linux.
func WatchArguments(ctx context.Context) *Arguments {
	a := newArguments("/proc")
	go func() {
		ticks := time.NewTicker(argumentsInterval)
		defer ticks.Stop()
		for {
			a.look()
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
		}
	}()
	return a
}

// look notes the processes that run now. Those that end meanwhile have no command line.
func (a *Arguments) look() {
	entries, _ := os.ReadDir(a.processes)
	running := map[string]int{}
	for _, entry := range entries {
		id := entry.Name()
		if _, err := strconv.Atoi(id); err != nil {
			continue
		}
		running[id] = a.looks[id] + 1
		if running[id] <= firstLooks {
			a.note(filepath.Join(a.processes, id, "cmdline"))
		}
	}
	a.looks = running
}

func (a *Arguments) note(file string) {
	if line, err := os.ReadFile(file); err == nil && len(line) > 0 {
		a.mu.Lock()
		a.lines[string(line)] = true
		a.mu.Unlock()
	}
}

// Scan returns the programs whose command lines contain a value, and the number of command
// lines that it scanned.
func (a *Arguments) Scan(s Scanner) (found []string, scanned int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for line := range a.lines {
		if s.Found([]byte(line)) {
			program, _, _ := strings.Cut(line, "\x00")
			found = append(found, "the arguments of "+filepath.Base(program))
		}
	}
	return found, len(a.lines)
}
