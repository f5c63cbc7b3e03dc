// Package mirror finds the Terraform AWS provider that is already on the machine. It is a package of its own, which
// imports next to nothing: the command find, built from it in a second, says at the start of a build of minutes that the
// provider is missing.
package mirror

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/hashicorp/hcl"
	"github.com/hashicorp/hcl/hcl/ast"
)

const (
	// Version is the Terraform AWS provider that pulumi-aws 6.83.0 was generated from.
	Version = "5.100.0"

	source = "registry.terraform.io/hashicorp/aws"
)

// Machine holds the folders and variables that the search depends on, replaceable in tests.
type Machine struct {
	Env  func(string) string
	Home string
	// Root is put before absolute system folders; "/" on a real machine.
	Root     string
	Platform string
}

// Here returns the machine that this process runs on.
func Here() Machine {
	home, _ := os.UserHomeDir() // without a home, the folders below it simply do not exist
	return Machine{Env: os.Getenv, Home: home, Root: "/", Platform: runtime.GOOS + "_" + runtime.GOARCH}
}

// NotFoundError lists the folders that were searched and how to install the provider.
type NotFoundError struct {
	Platform string
	Searched []string
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf(`the Terraform AWS provider %[1]s for %[2]s is not on this machine.
Install it in one of these ways:
  - with network: create a folder with a file main.tf that requires hashicorp/aws %[1]s, and run
    "terraform providers mirror ~/.terraform.d/plugins" in it;
  - without: unpack terraform-provider-aws_%[1]s_%[2]s.zip into
    ~/.terraform.d/plugins/%[3]s/%[1]s/%[2]s/
or install the official Pulumi plugin instead: "pulumi plugin install resource aws 6.83.0".
Looked in the folders of /opt, and in:
  %[4]s`, Version, e.Platform, source, strings.Join(e.Searched, "\n  "))
}

// Package is a provider found in a mirror: an unpacked folder, or the archive a registry serves.
type Package struct {
	// Path is the executable, or the archive that contains it.
	Path   string
	Packed bool
}

// Find returns the provider from the first mirror that has it, in Terraform's own order:
// the mirrors its CLI configuration names, then the implied ones, then the add-on software below /opt.
func (m Machine) Find() (Package, error) {
	mirrors, err := m.mirrors()
	if err != nil {
		return Package{}, err
	}
	for _, mirror := range mirrors {
		if p, ok := m.in(mirror); ok {
			return p, nil
		}
	}
	return Package{}, &NotFoundError{Platform: m.Platform, Searched: mirrors}
}

// in searches for both layouts that Terraform documents for a filesystem mirror.
func (m Machine) in(mirror string) (Package, bool) {
	folder := filepath.Join(mirror, filepath.FromSlash(source))
	unpacked, _ := filepath.Glob(filepath.Join(folder, Version, m.Platform, "terraform-provider-aws*"))
	for _, file := range unpacked {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return Package{Path: file}, true
		}
	}
	packed := filepath.Join(folder, fmt.Sprintf("terraform-provider-aws_%s_%s.zip", Version, m.Platform))
	if info, err := os.Stat(packed); err == nil && info.Mode().IsRegular() {
		return Package{Path: packed, Packed: true}, true
	}
	return Package{}, false
}

func (m Machine) mirrors() ([]string, error) {
	configured, err := m.configured()
	if err != nil {
		return nil, err
	}
	implied := []string{filepath.Join(m.Home, ".terraform.d/plugins")}
	for _, dir := range m.dataDirs() {
		implied = append(implied, filepath.Join(dir, "terraform/plugins"))
	}
	addOns, _ := filepath.Glob(filepath.Join(m.Root, "opt/*"))
	return append(append(configured, implied...), addOns...), nil
}

// dataDirs returns the XDG base directories; the mirrors below them are implied by Terraform.
func (m Machine) dataDirs() []string {
	home := m.Env("XDG_DATA_HOME")
	if home == "" {
		home = filepath.Join(m.Home, ".local/share")
	}
	dirs := []string{home}
	if listed := m.Env("XDG_DATA_DIRS"); listed != "" {
		return append(dirs, filepath.SplitList(listed)...)
	}
	return append(dirs, filepath.Join(m.Root, "usr/local/share"), filepath.Join(m.Root, "usr/share"))
}

// configured reads the filesystem mirrors that the CLI configuration names.
func (m Machine) configured() ([]string, error) {
	file := m.Env("TF_CLI_CONFIG_FILE")
	if file == "" {
		file = filepath.Join(m.Home, ".terraformrc")
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // Terraform only warns about it too
	}
	if err != nil {
		return nil, fmt.Errorf("read the Terraform CLI configuration: %w", err)
	}
	paths, err := mirrorsIn(string(text))
	if err != nil {
		return nil, fmt.Errorf("read the Terraform CLI configuration %s: %w", file, err)
	}
	return paths, nil
}

func mirrorsIn(text string) ([]string, error) {
	root, err := hcl.Parse(text)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, installation := range blocks(root.Node, "provider_installation") {
		for _, block := range blocks(installation, "filesystem_mirror") {
			var mirror struct {
				Path string `hcl:"path"`
			}
			if err := hcl.DecodeObject(&mirror, block); err != nil {
				return nil, fmt.Errorf("filesystem_mirror: %w", err)
			}
			paths = append(paths, mirror.Path)
		}
	}
	return paths, nil
}

// blocks returns the bodies of the blocks with a name.
func blocks(node ast.Node, name string) []ast.Node {
	if object, ok := node.(*ast.ObjectType); ok {
		node = object.List
	}
	list, ok := node.(*ast.ObjectList)
	if !ok {
		return nil
	}
	var bodies []ast.Node
	for _, item := range list.Items {
		if len(item.Keys) > 0 && item.Keys[0].Token.Value() == name {
			bodies = append(bodies, item.Val)
		}
	}
	return bodies
}
