package recovery

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

const (
	upTime     = 15 * time.Minute // the longest that an `up` takes
	familyTime = 20 * time.Second // the longest that a killed one's family goes on
)

// attempt is one `up` of the local stack.
type attempt struct {
	said     string        // all of its output
	deployed time.Duration // when the deployment had ended; zero if it had not
	ended    bool          // by itself
	left     string        // processes that went on after it was killed
}

// up runs the driver's up in a process of its own, and kills it after the given time
// unless that is zero, or it has ended.
func (t *test) up(ctx context.Context, log string, killAfter time.Duration) (a attempt, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, upTime, fmt.Errorf("`up` does not end within %s", upTime))
	defer cancel()
	path := t.layout.Log(log)
	out, err := os.Create(path)
	if err != nil {
		return attempt{}, err
	}
	defer out.Close()
	cmd := exec.Command(t.driver, "up", "-brief")
	cmd.Dir, cmd.Stdout, cmd.Stderr = t.layout.Root, out, out
	// An interrupt at the terminal is for this test, which passes it on.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return attempt{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var moment <-chan time.Time
	if killAfter > 0 {
		moment = time.After(killAfter)
	}
	for look := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case err := <-ended:
			a.said, a.ended = read(path), true
			if err != nil {
				return a, fmt.Errorf("`up` failed (%w), see %s:\n%s", err, path, lastLines(a.said, 12))
			}
			return a, nil
		case <-moment:
			rest, err := kill(ctx, cmd.Process.Pid)
			<-ended
			a.said, a.left = read(path), survivors(ctx, rest, familyTime)
			return a, err
		case <-ctx.Done():
			look.Stop()
			_ = cmd.Process.Signal(syscall.SIGINT)
			<-ended
			return a, context.Cause(ctx)
		case <-look.C:
			if a.deployed == 0 && strings.Contains(read(path), "✓ deploy") {
				a.deployed = time.Since(began)
			}
		}
	}
}

// doing is the last thing that the killed deployment did.
func (t *test) doing(a attempt) string {
	if a.ended {
		return "nothing: it had ended before"
	}
	if strings.Contains(a.said, "✓ deploy") {
		return "proving what it had deployed"
	}
	if !strings.Contains(a.said, "… deploy") && !strings.Contains(a.said, "✓ aws plugin") {
		return "building and starting"
	}
	var progress pulumicli.Progress
	last := "about to deploy"
	for line := range strings.Lines(read(t.layout.Log("up"))) {
		if text := progress.Read(strings.TrimSuffix(line, "\n")); text != "" {
			last = text
		}
	}
	return last
}

func read(path string) string {
	content, _ := os.ReadFile(path)
	return string(content)
}

func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
