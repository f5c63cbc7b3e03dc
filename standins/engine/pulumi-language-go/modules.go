package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// GetRequiredPackages lists the providers whose SDKs are modules of the
// program. An SDK names its provider in a file pulumi-plugin.json.
func (h *host) GetRequiredPackages(
	ctx context.Context, req *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	// A module that cannot be downloaded fails the whole command, but may not be
	// needed to compile: then the compiler reports it.
	out, _ := goCommand(ctx, req.GetInfo().GetProgramDirectory(), "mod", "download", "-json")
	resp := &pulumirpc.GetRequiredPackagesResponse{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var module struct{ Dir string }
		switch err := dec.Decode(&module); {
		case errors.Is(err, io.EOF):
			return resp, nil
		case err != nil:
			return nil, fmt.Errorf("read the answer of go mod download: %w", err)
		case module.Dir == "":
			continue
		}
		pkg, err := providerOf(module.Dir)
		if err != nil {
			return nil, err
		}
		if pkg != nil {
			resp.Packages = append(resp.Packages, pkg)
		}
	}
}

// providerOf returns the provider of the SDK in a module's directory, nil for a
// module without an SDK.
func providerOf(dir string) (*pulumirpc.PackageDependency, error) {
	for _, pattern := range []string{"pulumi-plugin.json", "go/pulumi-plugin.json", "go/*/pulumi-plugin.json", "*/pulumi-plugin.json"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			continue
		}
		info, err := plugin.LoadPulumiPluginJSON(files[0])
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", files[0], err)
		}
		if !info.Resource || info.Name == "" {
			return nil, nil
		}
		return &pulumirpc.PackageDependency{
			Name: info.Name, Version: strings.TrimPrefix(info.Version, "v"), Kind: "resource", Server: info.Server,
		}, nil
	}
	return nil, nil
}

// GetProgramDependencies lists the modules that go.mod requires.
func (h *host) GetProgramDependencies(
	ctx context.Context, req *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	out, err := goCommand(ctx, req.GetInfo().GetProgramDirectory(), "mod", "edit", "-json")
	if err != nil {
		return nil, err
	}
	var mod struct {
		Require []struct {
			Path, Version string
			Indirect      bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		return nil, fmt.Errorf("read the answer of go mod edit: %w", err)
	}
	resp := &pulumirpc.GetProgramDependenciesResponse{}
	for _, r := range mod.Require {
		if !r.Indirect || req.GetTransitiveDependencies() {
			resp.Dependencies = append(resp.Dependencies, &pulumirpc.DependencyInfo{Name: r.Path, Version: r.Version})
		}
	}
	return resp, nil
}

// goCommand runs go for its output, in the module alone: a workspace would add
// the modules of other programs.
func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	if err != nil {
		return out, fmt.Errorf("go %s in %s: %w", strings.Join(args, " "), dir, err)
	}
	return out, nil
}
