// Package terraform runs the Terraform AWS provider that package mirror found.
package terraform

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/internal/shim/run"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/mirror"
)

// Provider is a running Terraform provider; Close ends its process.
type Provider interface {
	tfprotov6.ProviderServer
	io.Closer
}

// Start runs the provider.
func Start(ctx context.Context, p mirror.Package) (Provider, error) {
	path, err := executable(p)
	if err != nil {
		return nil, err
	}
	if runtime.GOOS == "windows" {
		return run.LocalProvider(ctx, path)
	}
	guard, err := writeGuard(path)
	if err != nil {
		return nil, err
	}
	// Once the provider has responded, it has replaced the shell.
	defer func() { _ = os.RemoveAll(filepath.Dir(guard)) }()
	started, err := run.LocalProvider(ctx, guard)
	if err != nil {
		return nil, fmt.Errorf("start the Terraform provider %s: %w", path, err)
	}
	return started, nil
}

// guardScript becomes the provider, and leaves a watcher behind that ends it when the plugin ends:
// a Terraform provider does not notice that its client was killed. A watcher whose provider has ended
// kills no process: the id may be another process's by then.
const guardScript = `#!/bin/sh
(while kill -0 "$PPID"; do kill -0 $$ || exit; sleep 1; done; kill -9 $$) </dev/null >/dev/null 2>&1 &
exec %s "$@"
`

func writeGuard(executable string) (string, error) {
	folder, err := os.MkdirTemp("", "pulumi-resource-aws-")
	if err != nil {
		return "", fmt.Errorf("make a folder to start the Terraform provider from: %w", err)
	}
	guard := filepath.Join(folder, "terraform-provider-aws")
	quoted := "'" + strings.ReplaceAll(executable, "'", `'\''`) + "'"
	if err := os.WriteFile(guard, fmt.Appendf(nil, guardScript, quoted), 0o700); err != nil { //nolint:gosec // it is run
		return "", err
	}
	return guard, nil
}

// executable unpacks an archive, once, into the user's cache.
func executable(p mirror.Package) (string, error) {
	if !p.Packed {
		return p.Path, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a place to unpack %s: %w", p.Path, err)
	}
	target := filepath.Join(cache, "pulumi-resource-aws", mirror.Version, "terraform-provider-aws")
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	if err := unpack(p.Path, target); err != nil {
		return "", fmt.Errorf("unpack %s: %w", p.Path, err)
	}
	return target, nil
}

func unpack(archive, target string) error {
	reader, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer reader.Close() //nolint:errcheck // only read
	for _, file := range reader.File {
		if strings.HasPrefix(file.Name, "terraform-provider-aws") {
			return unpackFile(file, target)
		}
	}
	return fmt.Errorf("it contains no terraform-provider-aws")
}

// unpackFile renames at the end, so that an interrupted or concurrent run never leaves half a provider.
func unpackFile(file *zip.File, target string) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	content, err := file.Open()
	if err != nil {
		return err
	}
	defer content.Close() //nolint:errcheck // only read
	temp, err := os.CreateTemp(filepath.Dir(target), "unpacking-")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) //nolint:errcheck // gone after the rename
	if _, err := io.Copy(temp, content); err != nil {
		return err
	}
	if err := temp.Chmod(0o755); err != nil {
		return err
	}
	if err := temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), target)
}
