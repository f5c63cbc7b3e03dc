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
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// Builder builds into a checkout. Compilers take turns: each one keeps all
// processors busy and some need gigabytes.
type Builder struct {
	Layout    checkout.Layout
	memory    uint64 // available; 0 if unknown
	fetching  turns
	compiling turns
}

// New returns a builder.
func New(l checkout.Layout) *Builder {
	memory := availableMemory()
	return &Builder{
		Layout: l, memory: memory,
		fetching: turns{limits: limits{1, 1}}, compiling: turns{limits: compileLimits(runtime.NumCPU(), memory)},
	}
}

// flags are the flags of every go command, as in the Makefile. Only packages that are
// compiled with equal flags are shared, so that another flag compiles everything again.
// Debuggers alone read DWARF, and it costs a twelfth of the compilers' time.
const flags = "-trimpath -gcflags=all=-dwarf=false"

// Flags returns the value of GOFLAGS for all builds: the user's flags, those of all builds,
// and some more.
func Flags(more ...string) string {
	all := strings.Fields(os.Getenv("GOFLAGS"))
	for flag := range strings.FieldsSeq(flags) {
		if !slices.Contains(all, flag) {
			all = append(all, flag)
		}
	}
	for _, flag := range more {
		all = append(all, "'"+flag+"'") // a path may have spaces in it
	}
	return strings.Join(all, " ")
}

// Settings returns the environment variables of go commands: [Flags], and no C compiler.
func Settings(more ...string) []string {
	return []string{"GOFLAGS=" + Flags(more...), "CGO_ENABLED=0"}
}

// Env returns the environment of builds.
func Env() []string { return append(os.Environ(), Settings()...) }

// Program is a Go program in a module of its own.
type Program struct {
	Name    string // of the file in .local/bin, the stamp and the log
	Module  string // the folder of its module, below the root
	Package string
	LDFlags string

	Priority Priority
}

// Priority orders compilations: the highest goes first.
type Priority int

// The priorities. What the deployment to AWS needs is compiled before the rest, and first
// what others share packages with: the estimates count these for the first one.
const (
	Rest Priority = iota
	Functions
	Stack
	AWSPlugin
	Engine
	LanguageHost
)

// Built reports whether the program was built from its present sources.
func (b *Builder) Built(p Program) bool {
	hash, err := b.hash(p)
	return err == nil && b.Fresh(p.Name, hash, b.Layout.Bin(p.Name))
}

func (b *Builder) hash(p Program) (string, error) {
	return Hash(filepath.Join(b.Layout.Root, p.Module), runtime.Version(), p.Package, p.LDFlags)
}

// Go builds the program unless it was built from the same sources before. It
// reports whether it built.
func (b *Builder) Go(ctx context.Context, s *progress.Step, p Program) (bool, error) {
	dir := filepath.Join(b.Layout.Root, p.Module)
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
	err = b.Compile(ctx, s, Command{
		Name: p.Name, Dir: dir, Priority: p.Priority,
		Args:     []string{"go", "build", "-v", "-buildvcs=false", "-ldflags", p.LDFlags, "-o", temp, p.Package},
		Packages: []string{"-buildvcs=false", p.Package},
	})
	if err != nil {
		return false, err
	}
	if err := os.Rename(temp, target); err != nil {
		return false, err
	}
	s.Note("built")
	return true, b.Stamp(p.Name, hash)
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
