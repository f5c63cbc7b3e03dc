package build

import (
	"context"
	"runtime"

	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// Command is a command that compiles Go packages.
type Command struct {
	Name     string // of its log
	Dir      string
	Env      []string // beside that of all builds
	Args     []string // with -v, so that packages can be counted
	Priority Priority

	// Packages has the arguments with which `go list` lists what the command compiles,
	// PackagesEnv the environment beside that of all builds. Without them it is shown
	// without numbers, and fetches modules while it has its turn.
	Packages    []string
	PackagesEnv []string

	// OnlyPackages means that compiled packages are the command's only product: it is left
	// out if the build cache has them.
	OnlyPackages bool
}

// overEstimate bounds by how much longer than estimated packages take to compile.
const overEstimate = 1.5

// Compile runs a command when its turn comes. Its modules are fetched before, while
// others compile.
func (b *Builder) Compile(ctx context.Context, s *progress.Step, c Command) error {
	s.Progress(0, 1)
	packages, err := b.fetch(ctx, s, c)
	if err != nil {
		return err
	}
	if c.OnlyPackages && len(packages) == 0 {
		return nil
	}
	waited := false
	turn, err := b.compiling.take(ctx, c.Priority, func() { waited = true; s.Waiting() })
	if err != nil {
		return err
	}
	defer turn.end()
	s.Doing("compiling")
	// Others may have compiled some of the packages meanwhile.
	if waited && c.Packages != nil {
		if packages, err = b.list(ctx, s, c); err != nil {
			return err
		}
	}
	if err := b.run(ctx, s, c, newCounter(packages), turn); err != nil {
		return err
	}
	s.Progress(1, 1)
	return nil
}

// fetch fetches modules for one command at a time: the first can compile soonest then.
func (b *Builder) fetch(ctx context.Context, s *progress.Step, c Command) (map[string]int, error) {
	if c.Packages == nil {
		return nil, nil
	}
	turn, err := b.fetching.take(ctx, c.Priority, s.Waiting)
	if err != nil {
		return nil, err
	}
	defer turn.end()
	s.Doing("looking for what to compile")
	return b.list(ctx, s, c)
}

// run runs the command and shows the packages that it compiles.
func (b *Builder) run(ctx context.Context, s *progress.Step, c Command, count *counter, turn *turn) error {
	if c.Packages != nil {
		s.AtMost(max(1, overEstimate*float64(count.all)/1000))
		s.Progress(0, max(1, count.all))
		if count.number == 0 {
			s.Doing("linking")
			turn.ends()
		}
	}
	return process.Command{
		Dir: c.Dir, Args: c.Args, Log: b.Layout.Log(c.Name),
		Env: append(append(Env(), compilerSettings(b.memory)...), c.Env...),
		Watch: func(line string) {
			if !count.begins(line) {
				return
			}
			s.Doing("%s", count.text(line))
			s.Progress(count.done, count.all)
			if len(count.packages) < runtime.NumCPU() {
				turn.ends()
			}
		},
	}.Run(ctx)
}
