// Package build builds what the sandbox needs and is not there yet. Each product
// appears as a whole or not at all, and a stamp beside it records from which inputs it
// was built, so that building can stop at any point and start again.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// Builder builds into a checkout. Compilers take turns: each one keeps all
// processors busy and some need gigabytes.
type Builder struct {
	Layout checkout.Layout
	turns  chan struct{}
}

// New returns a builder.
func New(l checkout.Layout) *Builder {
	return &Builder{Layout: l, turns: make(chan struct{}, max(1, runtime.NumCPU()/4))}
}

// downloadTime is the longest that a module is shown as being downloaded: the go command
// prints the start of a download only, and not that it compiles afterwards.
const downloadTime = 15 * time.Second

// Env returns the environment of builds. Pulumi compiles the program with
// -trimpath, and only equal flags share compiled packages.
func Env() []string {
	return append(os.Environ(), "GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -trimpath"))
}

// Compile runs a heavy command when its turn comes. While the command prints nothing
// more, downloads are over and it compiles.
func (b *Builder) Compile(ctx context.Context, s *progress.Step, log, dir string, args ...string) error {
	s.Doing("waiting")
	select {
	case b.turns <- struct{}{}:
		defer func() { <-b.turns }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	s.Doing("compiling")
	compiling := time.AfterFunc(downloadTime, func() { s.Doing("compiling") })
	defer compiling.Stop()
	return process.Command{
		Dir: dir, Env: Env(), Args: args, Log: b.Layout.Log(log),
		Watch: func(line string) {
			if strings.HasPrefix(line, "go: downloading ") {
				s.Doing("%s", strings.TrimPrefix(line, "go: "))
				compiling.Reset(downloadTime)
			}
		},
	}.Run(ctx)
}

// Program is a Go program in a module of its own.
type Program struct {
	Name    string // of the file in .local/bin, the stamp and the log
	Module  string // the folder of its module, below the root
	Package string
	LDFlags string
}

// Go builds the program unless it was built from the same sources before. It
// reports whether it built.
func (b *Builder) Go(ctx context.Context, s *progress.Step, p Program) (bool, error) {
	hash, err := b.hash(p)
	if err != nil {
		return false, err
	}
	target := b.Layout.Bin(p.Name)
	if b.Fresh(p.Name, hash, target) {
		s.Note("cached")
		return false, nil
	}
	temp := target + ".new"
	defer os.Remove(temp)
	if err := b.Compile(ctx, s, p.Name, filepath.Join(b.Layout.Root, p.Module), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", p.LDFlags, "-o", temp, p.Package); err != nil {
		return false, err
	}
	if err := os.Rename(temp, target); err != nil {
		return false, err
	}
	s.Note("built")
	return true, b.Stamp(p.Name, hash)
}

// Built reports whether the program was built from the sources as they are.
func (b *Builder) Built(p Program) bool {
	hash, err := b.hash(p)
	return err == nil && b.Fresh(p.Name, hash, b.Layout.Bin(p.Name))
}

// hash returns the hash of what the program is built from.
func (b *Builder) hash(p Program) (string, error) {
	return Hash(filepath.Join(b.Layout.Root, p.Module), runtime.Version(), p.Package, p.LDFlags)
}

// Fresh reports whether the product at path was built from inputs with this
// hash.
func (b *Builder) Fresh(name, hash, path string) bool {
	stamp, err := os.ReadFile(b.Layout.Stamp(name))
	if err != nil || string(stamp) != hash {
		return false
	}
	_, err = os.Stat(path)
	return err == nil
}

// Stamp records the hash of a finished product's inputs.
func (b *Builder) Stamp(name, hash string) error {
	return checkout.WriteFile(b.Layout.Stamp(name), []byte(hash), 0o644)
}

// Forget removes the record of a product that is about to be replaced by other means.
func (b *Builder) Forget(name string) error {
	if err := os.Remove(b.Layout.Stamp(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Hash returns the hash of the content of a folder, or file, and some other inputs. It
// leaves out tests, and what tools leave behind in hidden folders.
func Hash(path string, others ...string) (string, error) {
	sum := sha256.New()
	for _, other := range others {
		fmt.Fprintf(sum, "%q\n", other)
	}
	err := filepath.WalkDir(path, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if at != path && skipped(entry.Name()) {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		relative, err := filepath.Rel(path, at)
		if err != nil {
			return err
		}
		file, err := os.Open(at)
		if err != nil {
			return err
		}
		defer file.Close()
		content := sha256.New()
		if _, err := io.Copy(content, file); err != nil {
			return err
		}
		fmt.Fprintf(sum, "%q %x\n", filepath.ToSlash(relative), content.Sum(nil))
		return nil
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

func skipped(name string) bool {
	return strings.HasPrefix(name, ".") || name == "__pycache__" || name == "tests" || strings.HasSuffix(name, "_test.go")
}
