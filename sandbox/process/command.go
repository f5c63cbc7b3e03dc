// Package process runs programs so that none outlives its purpose, and identifies
// processes, also when a number is given to another one later.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Command is a program to run to its end.
type Command struct {
	Dir  string
	Env  []string // in full
	Args []string

	// Log is the path of the file for all output. It is written by the program
	// itself and not through a pipe, so that a program which is still finishing
	// when the driver was killed does not fail over its output.
	Log string

	// Patience is the time between an interrupt and the kill of a program that goes on.
	Patience time.Duration

	// Watch, if set, is called with each line of the output.
	Watch func(line string)
}

// Failure describes a program that failed.
type Failure struct {
	Program string
	Err     error
	Log     string
	Tail    string // the output's last lines
}

func (f *Failure) Error() string {
	if f.Tail == "" {
		return fmt.Sprintf("%s: %v (%s)", f.Program, f.Err, f.Log)
	}
	return fmt.Sprintf("%s: %v; %s ends with\n%s", f.Program, f.Err, f.Log, f.Tail)
}

func (f *Failure) Unwrap() error { return f.Err }

// tailLines is the number of lines of a log that an error shows.
const tailLines = 25

// Run runs the program. It gets a process group of its own, so that an
// interrupt at the terminal reaches it only through ctx, and ends with the
// driver, also when that is killed.
func (c Command) Run(ctx context.Context) error {
	log, err := os.Create(c.Log)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = endWithParent()
	cmd.Cancel = func() error { return signalGroup(cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = max(c.Patience, 5*time.Second)

	err = follow(c.Log, c.Watch, func() error { return onOneThread(cmd.Run) })
	if err == nil {
		return nil
	}
	if cmd.Process != nil {
		_ = signalGroup(cmd.Process.Pid, syscall.SIGKILL)
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", filepath.Base(c.Args[0]), context.Cause(ctx))
	}
	return &Failure{Program: name(c.Args), Err: err, Log: c.Log, Tail: Tail(c.Log, tailLines)}
}

// Output runs a program that ends soon and returns what it printed.
func Output(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, env
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = endWithParent()
	if err := onOneThread(cmd.Run); err != nil {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return stdout.String(), fmt.Errorf("%s: %w\n%s", name(args), err, strings.TrimSpace(stderr.String()+stdout.String()))
	}
	return stdout.String(), nil
}

// name returns enough of a command to recognize it.
func name(args []string) string {
	short := []string{filepath.Base(args[0])}
	for _, arg := range args[1:] {
		if strings.HasPrefix(arg, "-") || strings.ContainsRune(arg, filepath.Separator) {
			break
		}
		short = append(short, arg)
	}
	return strings.Join(short, " ")
}

// onOneThread runs f on a thread that stays. Linux sends the signal that ends
// a child with its parent when the thread that started the child ends.
func onOneThread(f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return f()
}

// follow calls watch with every line that appears in the file while f runs.
func follow(path string, watch func(string), f func() error) error {
	if watch == nil {
		return f()
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		var rest []byte
		for ended := false; !ended; {
			select {
			case <-done:
				ended = true
			case <-time.After(100 * time.Millisecond):
			}
			more, err := io.ReadAll(file)
			if err != nil {
				return
			}
			rest = append(rest, more...)
			for {
				line, after, found := bytes.Cut(rest, []byte("\n"))
				if !found {
					break
				}
				watch(string(line))
				rest = after
			}
		}
	}()
	err = f()
	close(done)
	<-watched
	return err
}

// Tail returns the last lines of a file, indented; empty if there are none.
func Tail(path string, lines int) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	all := strings.Split(strings.TrimSpace(string(content)), "\n")
	all = all[max(0, len(all)-lines):]
	if len(all) == 1 && all[0] == "" {
		return ""
	}
	return "    " + strings.Join(all, "\n    ")
}

// signalGroup signals a program that leads its process group, and all it
// started in it.
func signalGroup(pid int, signal syscall.Signal) error {
	err := syscall.Kill(-pid, signal)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
