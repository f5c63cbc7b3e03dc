package secretscan

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const argument = "s3cr3t-0123456789"

// run has a process with a command line in the folder of processes.
func run(t *testing.T, a *Arguments, id, line string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(a.processes, id), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(a.processes, id, "cmdline"), []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestArguments(t *testing.T) {
	a := newArguments(t.TempDir())
	for id, line := range map[string]string{
		"1": "/bin/sh\x00-c\x00true\x00", "2": "/usr/bin/curl\x00-H\x00X-Key: " + argument + "\x00", "3": "/usr/bin/curl\x00-H\x00X-Key: " + argument + "\x00",
		"4": "", "self": "/bin/cat\x00" + argument,
	} {
		run(t, a, id, line)
	}
	a.look()
	if err := os.RemoveAll(filepath.Join(a.processes, "2")); err != nil {
		t.Fatal(err)
	}
	a.look()
	found, scanned := a.Scan(New([]string{argument}))
	if !slices.Equal(found, []string{"the arguments of curl"}) || scanned != 2 {
		t.Errorf("found %q among %d", found, scanned)
	}
}

func TestArgumentsOfAProgramThatBecomesAnother(t *testing.T) {
	a := newArguments(t.TempDir())
	run(t, a, "7", "/bin/sh\x00")
	a.look()
	run(t, a, "7", "/usr/bin/curl\x00"+argument)
	a.look()
	if found, scanned := a.Scan(New([]string{argument})); len(found) != 1 || scanned != 2 {
		t.Errorf("found %q among %d", found, scanned)
	}
}

func TestWatchArgumentsSeesThisProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("needs Linux: ", err)
	}
	a := WatchArguments(t.Context())
	for {
		if found, _ := a.Scan(New([]string{filepath.Base(os.Args[0])})); len(found) > 0 {
			return
		}
		if t.Context().Err() != nil {
			t.Fatal("not seen")
		}
	}
}
