package smoke

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/test/e2e/secretscan"
)

// outputs returns the stack's outputs, and the same as Pulumi prints them.
type outputs func(context.Context) (values map[string]string, printed string, err error)

// argumentScan scans the arguments of processes.
type argumentScan func(secretscan.Scanner) (found []string, scanned int)

// secretsInClear checks that no secret is in clear where the sandbox or the stack writes, or in
// the arguments of a process that ran meanwhile. What a preview prints is among the logs. Secrets
// are known when these checks run: others find some.
func secretsInClear(l checkout.Layout, endpoint string, out outputs, scanArguments argumentScan, secrets func() []string) []check.Check {
	in := func(place, unit string, scan func(context.Context, secretscan.Scanner) (found []string, scanned int, err error)) check.Check {
		return check.Check{Name: "secret in clear in " + place, Want: "nowhere", Run: func(ctx context.Context) (string, error) {
			found, scanned, err := scan(ctx, secretscan.New(secrets()))
			switch {
			case err != nil:
				return "", err
			case len(found) > 0:
				return "", errors.New("in " + strings.Join(found, ", "))
			case scanned == 0: // a scan of nothing shows nothing
				return "", fmt.Errorf("there are no %s to scan", unit)
			}
			return fmt.Sprintf("in none of %d %s", scanned, unit), nil
		}}
	}
	files := func(dirs ...string) func(context.Context, secretscan.Scanner) ([]string, int, error) {
		return func(_ context.Context, s secretscan.Scanner) ([]string, int, error) { return s.Files(dirs...) }
	}
	ofProcesses := in("arguments", "command lines", func(_ context.Context, s secretscan.Scanner) ([]string, int, error) {
		found, scanned := scanArguments(s)
		return found, scanned, nil
	})
	if runtime.GOOS != "linux" {
		ofProcesses.LeftOut = "only Linux shows the arguments of all processes in files"
	}
	return []check.Check{
		in("state", "files", files(l.State())),
		in("logs and preview", "files", files(l.Local("logs"), filepath.Join(l.PulumiHome(), "logs"))),
		in("outputs", "outputs", func(ctx context.Context, s secretscan.Scanner) ([]string, int, error) {
			values, printed, err := out(ctx)
			if s.Found([]byte(printed)) {
				return []string{"pulumi stack output"}, len(values), err
			}
			return nil, len(values), err
		}),
		in("CloudWatch Logs", "events", func(ctx context.Context, s secretscan.Scanner) ([]string, int, error) { return s.Logs(ctx, endpoint) }),
		ofProcesses,
	}
}
