package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/memory"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/bench"
)

// benchCold measures fresh clones with empty caches, on the ports after this checkout's:
// one in which the stack is deployed, and one in which only the tests run.
func benchCold(ctx context.Context, l checkout.Layout, show *progress.Display) (rows []bench.Row, err error) {
	ports, err := awsserver.PortsFrom(os.Getenv(awsserver.PortVariable))
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gatehouse-cold-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, removeAll(dir)) }()
	port := fmt.Sprintf("%s=%d", awsserver.PortVariable, ports.Kubernetes+1)
	var c bench.Cold
	if err := coldUp(ctx, l, show, cold{dir, "local", port}, &c); err != nil {
		return nil, err
	}
	if err := coldTests(ctx, l, show, cold{dir, "tests", port}, &c); err != nil {
		return nil, err
	}
	return c.Rows(), nil
}

// cold is a fresh clone in a temporary folder.
type cold struct{ dir, name, port string }

func (c cold) layout() checkout.Layout { return checkout.Layout{Root: filepath.Join(c.dir, c.name)} }

// env returns an environment in which nothing was compiled for this clone. What the other
// clone downloaded is there.
func (c cold) env() []string {
	return append(build.Env(), c.port,
		"GOCACHE="+filepath.Join(c.dir, c.name+"-cache"), "GOMODCACHE="+filepath.Join(c.dir, "modules"),
		"PIP_CACHE_DIR="+filepath.Join(c.dir, "pip"), "npm_config_cache="+filepath.Join(c.dir, "npm"))
}

func (c cold) clone(ctx context.Context, from checkout.Layout) (checkout.Layout, error) {
	l := c.layout()
	if out, err := exec.CommandContext(ctx, "git", "clone", "--quiet", from.Root, l.Root).CombinedOutput(); err != nil {
		return l, fmt.Errorf("git clone: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return l, l.Prepare()
}

// coldUp measures `make local`, and `make local` again.
func coldUp(ctx context.Context, l checkout.Layout, show *progress.Display, in cold, c *bench.Cold) (err error) {
	clone, err := in.clone(ctx, l)
	if err != nil {
		return err
	}
	defer func() {
		var down error
		// Without the driver nothing was started, and it takes minutes to build.
		if _, missing := os.Stat(clone.Bin("gatehouse-local")); missing == nil {
			_, down = timedMake(context.WithoutCancel(ctx), show, "down", clone, in.env(), "local-down")
		}
		err = errors.Join(err, down, keepLogs(clone, l, in.name))
	}()
	c.UpMemory, err = memory.Watch(func() (err error) {
		c.Up.Seconds, err = timedMake(ctx, show, "local, cold", clone, in.env(), "local")
		return err
	})
	if err != nil {
		return err
	}
	if c.Up.Steps, err = readSteps(clone); err != nil {
		return err
	}
	c.Again.Seconds, err = timedMake(ctx, show, "local, again", clone, in.env(), "local")
	return err
}

// coldTests measures `make test`, and `make test` again.
func coldTests(ctx context.Context, l checkout.Layout, show *progress.Display, in cold, c *bench.Cold) error {
	clone, err := in.clone(ctx, l)
	if err != nil {
		return err
	}
	c.TestMemory, err = memory.Watch(func() (err error) {
		c.TestsCold, err = timedMake(ctx, show, "tests, cold", clone, in.env(), "test")
		return err
	})
	if err == nil {
		c.TestsAgain, err = timedMake(ctx, show, "tests, again", clone, in.env(), "test")
	}
	return errors.Join(err, keepLogs(clone, l, in.name))
}

// keepLogs copies the logs of a clone into the checkout, for the clone is removed.
func keepLogs(clone, l checkout.Layout, name string) error {
	kept := l.Local("logs", "cold-"+name)
	if err := os.RemoveAll(kept); err != nil {
		return err
	}
	return os.CopyFS(kept, os.DirFS(clone.Local("logs")))
}

// removeAll removes a folder with Go's module cache in it, whose folders are read-only.
func removeAll(dir string) error {
	// What goes wrong here goes wrong again below, where it is reported.
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(dir)
}
