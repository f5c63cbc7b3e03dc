package pulumicli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// WholeVariable names the environment variable with which the engine is built whole.
const WholeVariable = "SANDBOX_ENGINE"

// BuildCLI builds the CLI without what the sandbox doesn't use, or the whole one if that
// fails or [WholeVariable] is "whole".
func BuildCLI(ctx context.Context, s *progress.Step, b *build.Builder) error {
	if os.Getenv(WholeVariable) == "whole" {
		_, err := b.Go(ctx, s, CLIProgram)
		return err
	}
	program, failure := CutCLI(ctx, b)
	if failure == nil {
		_, failure = b.Go(ctx, s, program)
	}
	if failure == nil || ctx.Err() != nil {
		return failure
	}
	if _, err := b.Go(ctx, s, CLIProgram); err != nil {
		return err
	}
	s.Note("built whole, because its source could not be cut: %v", failure)
	return nil
}

// cliBuilt reports whether [BuildCLI] has nothing to build.
func cliBuilt(b *build.Builder) bool {
	program, hash, err := cutProgram(b)
	return err == nil && b.Fresh(cutName, hash, b.Layout.Local(cutName)) && b.Built(program) || b.Built(CLIProgram)
}

// cutName names the folder below .local with the copy of the source, and its stamp.
const cutName = "engine"

// cutProgram returns the program to build from the copy of the engine's source, and the hash
// of what the copy is made from.
func cutProgram(b *build.Builder) (build.Program, string, error) {
	hash, err := build.Hash(filepath.Join(b.Layout.Root, CLIProgram.Module), fmt.Sprint(edits, leftOut))
	if err != nil {
		return build.Program{}, "", err
	}
	program := CLIProgram
	program.Module, err = filepath.Rel(b.Layout.Root, b.Layout.Local(cutName))
	return program, hash, err
}

// CutCLI prepares a copy of the engine's source that compiles in half the time, and returns
// the program to build from it. It fails if the source is not the one that the edits were
// written for.
func CutCLI(ctx context.Context, b *build.Builder) (build.Program, error) {
	program, hash, err := cutProgram(b)
	if err != nil {
		return build.Program{}, err
	}
	target := b.Layout.Local(cutName)
	if b.Fresh(cutName, hash, target) {
		return program, nil
	}
	if err := copyEngine(ctx, filepath.Join(b.Layout.Root, CLIProgram.Module), target); err != nil {
		return build.Program{}, err
	}
	return program, b.Stamp(cutName, hash)
}

// copyEngine makes target a module with the requirements of the stand-in and a cut copy of
// the engine's source.
func copyEngine(ctx context.Context, standIn, target string) error {
	out, err := process.Output(ctx, standIn, build.Env(), "go", "mod", "download", "-json", engineModule)
	if err != nil {
		return err
	}
	var module struct{ Dir string }
	if err := json.Unmarshal([]byte(out), &module); err != nil {
		return fmt.Errorf("go mod download %s: %w", engineModule, err)
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	source := filepath.Join(target, "pkg")
	if err := os.CopyFS(source, os.DirFS(module.Dir)); err != nil {
		return err
	}
	if err := cut(source); err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(standIn, "go.sum"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(target, "go.sum"), sums, 0o600); err != nil {
		return err
	}
	requirements, err := os.ReadFile(filepath.Join(standIn, "go.mod"))
	if err != nil {
		return err
	}
	requirements = append(requirements, "\nreplace "+engineModule+" => ./pkg\n"...)
	return os.WriteFile(filepath.Join(target, "go.mod"), requirements, 0o600)
}
