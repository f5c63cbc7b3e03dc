package smoke

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/test/e2e/secretscan"
)

// logs imitates CloudWatch Logs with one group.
func logs(t *testing.T, message string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeLogGroups") {
			_, _ = w.Write([]byte(`{"logGroups":[{"logGroupName":"/aws/lambda/x"}]}`))
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"events": []map[string]string{{"message": message}}})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// printed imitates the stack's outputs.
func printed(content string) outputs {
	return func(context.Context) (map[string]string, string, error) {
		var values map[string]string
		err := json.Unmarshal([]byte(content), &values)
		return values, content, err
	}
}

func TestSecretsInClear(t *testing.T) {
	l := checkout.Layout{Root: t.TempDir()}
	write := func(content string, elem ...string) {
		t.Helper()
		path := l.Local(elem...)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("cipher", "state", "deep", "stack.json")
	write("up", "logs", "up.log")
	write("engine", "pulumi", "logs", "x.log")
	command := "true"
	arguments := func(s secretscan.Scanner) (found []string, scanned int) {
		if s.Found([]byte(command)) {
			found = append(found, "a process")
		}
		return found, 1
	}
	run := func(out outputs, message string) string {
		t.Helper()
		results := check.Run(t.Context(), secretsInClear(l, logs(t, message), out, arguments, func() []string { return []string{secret} }), func(string) {})
		for _, r := range results {
			if strings.Contains(r.Got+fmt.Sprint(r.Err), secret) {
				t.Error("the result has the secret")
			}
		}
		return outcome(results)
	}
	clean := printed(`{"key":"[secret]"}`)
	if got := run(clean, "START"); got != "....." {
		t.Errorf("a clean stack: %s", got)
	}
	if got := run(printed(`{"key":"`+secret+`"}`), secret); got != "..xx." {
		t.Errorf("leaks in outputs and logs: %s", got)
	}
	write("has "+base64.StdEncoding.EncodeToString([]byte(secret)), "state", "deep", "backup.json")
	write(secret, "logs", "preview.log")
	if got := run(clean, ""); got != "xx..." {
		t.Errorf("leaks in files: %s", got)
	}
	for _, dir := range []string{l.State(), l.Local("logs")} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	write(secret, "pulumi", "logs", "x.log")
	command = "curl -H x-key:" + secret
	if got := run(clean, ""); got != "xx..x" {
		t.Errorf("nothing to scan, and leaks in the engine's logs and in arguments: %s", got)
	}
}
