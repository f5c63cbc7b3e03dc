// Package tools tests the scripts that run only on GitHub.
package tools

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// drift runs the script with fakes of gh and pulumi, and returns its calls of gh.
func drift(t *testing.T, issue, preview string, status int) (calls string, err error) {
	t.Helper()
	dir := t.TempDir()
	log := filepath.Join(dir, "calls")
	program := func(name, body string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/usr/bin/env bash\n"+body), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program("gh", fmt.Sprintf("printf '%%s|' \"$@\" >>%s; echo >>%s\n[ \"$2\" != list ] || printf '%%s' '%s'\n", log, log, issue))
	program("pulumi", fmt.Sprintf("cat <<'END'\n%s\nEND\nexit %d\n", preview, status))
	script, err := filepath.Abs("../.github/scripts/drift")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), script, "prod")
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "RUN_URL=https://example.com/run")
	output, err := cmd.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, output)
	}
	text, readErr := os.ReadFile(log)
	if readErr != nil {
		t.Fatal(readErr)
	}
	return string(text), err
}

const (
	none   = "Resources:\n    91 unchanged"
	some   = "~ aws:sqs:Queue: tags\nResources:\n    ~ 1 to update\nerror: no changes were expected for preview but changes were proposed"
	broken = "error: no credentials"
)

func TestDrift(t *testing.T) {
	for name, c := range map[string]struct {
		issue, preview string
		status         int
		want, not      string
	}{
		"none, no issue":      {"", none, 0, "issue|list|", "issue|c"},
		"none any more":       {"7", none, 0, "issue|close|7|--comment|There is no drift any more: https://example.com/run|", "create"},
		"some for the first":  {"", some, 7, "issue|create|--title|Drift in prod|--body|", "issue|edit"},
		"some, still":         {"7", some, 7, "issue|edit|7|--body|", "create"},
		"some, and the issue": {"", some, 7, "aws:sqs:Queue: tags", "issue|close"},
	} {
		t.Run(name, func(t *testing.T) {
			calls, err := drift(t, c.issue, c.preview, c.status)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(calls, c.want) || strings.Contains(calls, c.not) {
				t.Errorf("gh was called with\n%s\nwant %q, and not %q", calls, c.want, c.not)
			}
		})
	}
}

func TestAFailedPreviewIsNoDrift(t *testing.T) {
	calls, err := drift(t, "7", broken, 1)
	if err == nil || !strings.Contains(err.Error(), "the preview of prod failed") || !strings.Contains(err.Error(), broken) {
		t.Errorf("got %v", err)
	}
	if strings.Contains(calls, "edit") || strings.Contains(calls, "close") || strings.Contains(calls, "create") {
		t.Errorf("the issue was touched: %s", calls)
	}
}

func TestALongPreviewFitsIntoAnIssue(t *testing.T) {
	calls, err := drift(t, "", strings.Repeat("~ a resource\n", 10_000)+some, 7)
	if err != nil {
		t.Fatal(err)
	}
	const largest = 65_536
	if len(calls) > largest || !strings.Contains(calls, "1 to update") {
		t.Errorf("an issue of %d characters, with its end: %t", len(calls), strings.Contains(calls, "1 to update"))
	}
}
