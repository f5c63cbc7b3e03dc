package memory

import (
	"errors"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"testing"
)

func TestParseStat(t *testing.T) {
	stat := "42 (a (b) c) S 7 42 42 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 5 0 98765 1000 200"
	if got, ok := parseStat(stat); !ok || got != (process{instance{42, 98765}, 7}) {
		t.Errorf("got %v, %t", got, ok)
	}
	for _, stat := range []string{"", "42 (a) S 7", "x" + stat} {
		if got, ok := parseStat(stat); ok {
			t.Errorf("%q: got %v", stat, got)
		}
	}
}

func TestParseRollup(t *testing.T) {
	rollup := "00400000-7fff00000000 ---p 00000000 00:00 0    [rollup]\nRss:  9000 kB\nPss:       2048 kB\nPss_Anon:  1 kB\n"
	if got := parseRollup([]byte(rollup)); got != 2<<20 {
		t.Errorf("got %d", got)
	}
	if got := parseRollup(nil); got != 0 {
		t.Errorf("of a process that has ended: got %d", got)
	}
}

func TestServersCountAfterWhatStartedThemEnded(t *testing.T) {
	build, driver := process{instance{10, 1}, 1}, process{instance{11, 2}, 10}
	server, worker, other := process{instance{12, 3}, 11}, process{instance{13, 4}, 12}, process{instance{14, 5}, 2}
	w := watcher{root: 1, known: map[instance]bool{}}
	if got := sorted(w.below([]process{other, worker, server, driver, build})); !reflect.DeepEqual(got, []int{10, 11, 12, 13}) {
		t.Errorf("got %v", got)
	}
	server.parent = 99 // who takes over orphans
	reused, started := process{instance{11, 6}, 2}, process{instance{15, 7}, 12}
	if got := sorted(w.below([]process{other, worker, server, reused, started})); !reflect.DeepEqual(got, []int{12, 13, 15}) {
		t.Errorf("after the driver: got %v", got)
	}
}

func TestBelow(t *testing.T) {
	if len(processes()) == 0 {
		t.Skip("this system has no /proc")
	}
	alone := Below(os.Getpid())
	if alone == 0 {
		t.Fatal("this process has no memory")
	}
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Wait() }()
	defer func() { _ = child.Process.Kill() }()
	if got := Below(child.Process.Pid); got == 0 || got >= alone {
		t.Errorf("of a child: got %d, of all %d", got, alone)
	}
	if got := Below(1 << 30); got != 0 {
		t.Errorf("of no process: got %d", got)
	}
}

func sorted(pids []int) []int {
	slices.Sort(pids)
	return pids
}

func TestWatch(t *testing.T) {
	if len(processes()) == 0 {
		t.Skip("this system has no /proc")
	}
	failure := errors.New("failed")
	got, err := Watch(func() error {
		// More than one observation is made of it.
		return errors.Join(exec.Command("sleep", "1.5").Run(), failure)
	})
	if !errors.Is(err, failure) || got.Largest == 0 || got.All < got.Largest {
		t.Errorf("got %+v, %v", got, err)
	}
}
