package build

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// listFormat makes `go list` print a line for each package that is not in the build cache.
// Those that depend on one that is not there either are taken as well.
const listFormat = `{{if .Stale}}{{if ne .StaleReason "not installed but available in build cache"}}` +
	listMark + `{{.ImportPath}}{{"\t"}}{{.Dir}}{{"\t"}}{{join .GoFiles "\t"}}{{end}}{{end}}`

const listMark = "compile "

// The time that a package takes to compile, on average over Kubernetes' API server: a part
// for each, and one for each byte of source. With generics it can be many times that.
const (
	packageTime = 145    // milliseconds of one processor
	byteTime    = 1.4e-3 // a millisecond for 700 bytes
)

// list fetches the modules that a command needs, and returns the packages that it compiles,
// with the time that each may take in milliseconds. That takes a second of one processor for
// two thousand packages.
func (b *Builder) list(ctx context.Context, s *progress.Step, c Command) (map[string]int, error) {
	packages, fetched := map[string]int{}, 0
	modules := missingModules(ctx, c.Dir)
	err := process.Command{
		Dir: c.Dir, Env: append(Env(), c.PackagesEnv...), Log: b.Layout.Log(c.Name + "-packages"),
		Args: append([]string{"go", "list", "-deps", "-f", listFormat}, c.Packages...),
		Watch: func(line string) {
			if module, found := strings.CutPrefix(line, "go: downloading "); found {
				fetched++
				s.Doing("fetching module %d of at most %d: %s", fetched, max(fetched, modules), module)
			}
			if one, found := strings.CutPrefix(line, listMark); found {
				fields := strings.Split(one, "\t")
				packages[fields[0]] = compileTime(fields[1], fields[2:])
			}
		},
	}.Run(ctx)
	return packages, err
}

// compileTime returns the milliseconds that a package may take.
func compileTime(dir string, files []string) int {
	var size int64
	for _, file := range files {
		if info, err := os.Stat(filepath.Join(dir, file)); err == nil {
			size += info.Size()
		}
	}
	return packageTime + int(byteTime*float64(size))
}

// counter counts the packages that a command compiles. With -v, the go command prints the
// path of each when it begins to compile it.
type counter struct {
	packages  map[string]int // with their times; those that have begun are removed
	all, done int            // milliseconds
	number    int
	last      int // milliseconds of the package that has begun last
}

func newCounter(packages map[string]int) *counter {
	c := &counter{packages: map[string]int{}, number: len(packages)}
	for path, time := range packages {
		c.packages[path] = time
		c.all += time
	}
	return c
}

// begins reports whether a line is the path of a package that begins.
func (c *counter) begins(line string) bool {
	time, found := c.packages[line]
	if !found {
		return false
	}
	delete(c.packages, line)
	c.done, c.last = c.done+c.last, time
	return true
}

// text describes what is compiled now.
func (c *counter) text(path string) string {
	if len(c.packages) == 0 {
		return fmt.Sprintf("compiling the last of %d, and linking: %s", c.number, path)
	}
	return fmt.Sprintf("compiling %d of %d: %s", c.number-len(c.packages), c.number, path)
}
