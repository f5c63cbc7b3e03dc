package sdktrim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

// sdk matches the modules of generated SDKs.
var sdk = regexp.MustCompile(`^github\.com/pulumi/pulumi-\w+/sdk/v\d+$`)

// listed is a package as go list describes it.
type listed struct {
	ImportPath, Dir string
	GoFiles         []string
	Stale           bool
	StaleReason     string
	Module          struct {
		Path, Dir string
		Main      bool
	}
}

// compiled reports whether the package is in the build cache.
func (p listed) compiled() bool {
	return !p.Stale || p.StaleReason == "not installed but available in build cache"
}

// Target names the program that copies are made for, and their folder.
type Target struct {
	Root, Folder string   // of the main module, and of the copies below it
	Environment  []string // of the go command
	Packages     []string // of the main module

	// Whole reports whether the SDKs are used as they are, given whether they are compiled.
	Whole func(compiled bool) bool
}

// Make writes copies of the SDKs, and a go.mod that replaces the SDKs by them, for go build
// -modfile. The folder appears as a whole; it is empty if the SDKs are used as they are.
func Make(ctx context.Context, t Target) error {
	args := append([]string{"go", "list", "-deps", "-json=ImportPath,Dir,GoFiles,Module,Stale,StaleReason"}, t.Packages...)
	out, err := process.Output(ctx, t.Root, t.Environment, args...)
	if err != nil {
		return err
	}
	below, err := filepath.Rel(t.Root, t.Folder)
	if err != nil {
		return err
	}
	compiled := true
	var program, sdks []Package
	others := map[string]string{"go.mod": filepath.Join(t.Root, "go.mod"), "go.sum": filepath.Join(t.Root, "go.sum")}
	replace := map[string]string{}
	for list := json.NewDecoder(strings.NewReader(out)); list.More(); {
		var p listed
		if err := list.Decode(&p); err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		read := Package{Path: p.ImportPath, Files: map[string][]byte{}}
		if p.Module.Main || sdk.MatchString(p.Module.Path) {
			for _, name := range p.GoFiles {
				if read.Files[name], err = os.ReadFile(filepath.Join(p.Dir, name)); err != nil {
					return err
				}
			}
		}
		switch module := p.Module.Path; {
		case p.Module.Main:
			program = append(program, read)
		case len(read.Files) > 0:
			sdks = append(sdks, read)
			compiled = compiled && p.compiled()
			replace[module] = "./" + path.Join(filepath.ToSlash(below), module)
			others[path.Join(module, "go.mod")] = filepath.Join(p.Module.Dir, "go.mod")
			// The language host reads here which plugin the program needs.
			plugins, _ := filepath.Glob(filepath.Join(p.Module.Dir, "go", "*", "pulumi-plugin.json"))
			for _, plugin := range plugins {
				folder := filepath.Base(filepath.Dir(plugin))
				others[path.Join(module, "go", folder, filepath.Base(plugin))] = plugin
			}
		}
	}
	if t.Whole(compiled) {
		return write(t.Folder, nil)
	}
	files, err := Trim(program, sdks)
	if err != nil {
		return fmt.Errorf("trim the SDKs: %w", err)
	}
	for name, from := range others {
		if files[name], err = os.ReadFile(from); err != nil {
			return err
		}
	}
	for _, module := range sorted(replace) {
		files["go.mod"] = fmt.Appendf(files["go.mod"], "\nreplace %s => %s\n", module, replace[module])
	}
	return write(t.Folder, files)
}

// write writes the files beside the folder, and then puts them in its place.
func write(folder string, files map[string][]byte) error {
	fresh := folder + ".new"
	if err := errors.Join(os.RemoveAll(fresh), os.MkdirAll(fresh, 0o755)); err != nil {
		return err
	}
	for _, name := range sorted(files) {
		file := filepath.Join(fresh, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := checkout.WriteFile(file, files[name], 0o644); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	return os.Rename(fresh, folder)
}
