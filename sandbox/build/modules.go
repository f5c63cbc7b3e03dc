package build

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

// missingModules returns how many of the modules that the go.mod in a folder requires are
// not in the module cache. A program may need fewer. It is only shown: 0 if that can't be
// found out.
func missingModules(ctx context.Context, dir string) int {
	cache, err := process.Output(ctx, dir, Env(), "go", "env", "GOMODCACHE")
	if err != nil {
		return 0
	}
	content, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return 0
	}
	file, err := modfile.ParseLax("go.mod", content, nil)
	if err != nil {
		return 0
	}
	missing := 0
	for _, required := range required(file) {
		path, err := module.EscapePath(required.Path)
		if err != nil {
			continue
		}
		version, err := module.EscapeVersion(required.Version)
		if err != nil {
			continue
		}
		if _, err := os.Stat(filepath.Join(strings.TrimSpace(cache), path+"@"+version)); err != nil {
			missing++
		}
	}
	return missing
}

// required returns the modules that are fetched for a go.mod, its replacements made.
func required(file *modfile.File) (modules []module.Version) {
	replaced := map[module.Version]module.Version{}
	for _, replace := range file.Replace {
		replaced[replace.Old] = replace.New
	}
	for _, require := range file.Require {
		version := require.Mod
		if other, found := replaced[require.Mod]; found {
			version = other
		} else if other, found := replaced[module.Version{Path: require.Mod.Path}]; found {
			version = other
		}
		if version.Version != "" { // else a folder
			modules = append(modules, version)
		}
	}
	return modules
}
