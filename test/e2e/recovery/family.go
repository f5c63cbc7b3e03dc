package recovery

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

// member is a process that a driver started, directly or not, and that has to end
// with it.
type member struct {
	process.ID
	name string
}

// family returns the driver's descendants. The cloud and the private model are not
// among them: they have a session of their own, because they go on.
func family(ctx context.Context, driver int) ([]member, error) {
	session, err := unix.Getsid(driver)
	if err != nil {
		return nil, err
	}
	out, err := exec.CommandContext(ctx, "ps", "-axo", "pid=,ppid=").Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	children := map[int][]int{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var pid, parent int
		if _, err := fmt.Sscan(lines.Text(), &pid, &parent); err == nil {
			children[parent] = append(children[parent], pid)
		}
	}
	var members []member
	for pending := children[driver]; len(pending) > 0; pending = pending[1:] {
		pid := pending[0]
		id, err := process.Identify(pid)
		if sid, sidErr := unix.Getsid(pid); err != nil || sidErr != nil || sid != session {
			continue // it has ended, or goes on
		}
		members = append(members, member{id, process.Name(pid)})
		pending = append(slices.Clone(pending), children[pid]...)
	}
	return members, nil
}

// kill ends the driver and its CLI as a crash of the machine would, and returns the
// rest of the family, which has to notice by itself.
func kill(ctx context.Context, driver int) ([]member, error) {
	members, err := family(ctx, driver)
	if err != nil {
		return nil, err
	}
	victims := []int{driver}
	rest := slices.DeleteFunc(members, func(m member) bool {
		if m.name == "pulumi" {
			victims = append(victims, m.PID)
			return true
		}
		return false
	})
	for _, pid := range victims {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return nil, fmt.Errorf("kill process %d: %w", pid, err)
		}
	}
	return rest, nil
}

// survivors waits for the family's end, and names those that go on after patience.
func survivors(ctx context.Context, members []member, patience time.Duration) string {
	var names []string
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		names = nil
		for _, m := range members {
			if m.Running() {
				names = append(names, fmt.Sprintf("%s (%d)", m.name, m.PID))
			}
		}
		if len(names) == 0 || time.Now().After(deadline) || ctx.Err() != nil {
			return strings.Join(names, ", ")
		}
	}
}
