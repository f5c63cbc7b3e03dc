package clientsuites

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

func TestParse(t *testing.T) {
	got, err := parse("noise\nRESULT {\"suite\":\"s\",\"name\":\"a\",\"outcome\":\"passed\"}\n.\nRESULT {\"suite\":\"s\",\"name\":\"b\",\"outcome\":\"failed\",\"detail\":\"why\"}\n")
	want := []Result{{"s", "a", Passed, ""}, {"s", "b", Failed, "why"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, out := range []string{"RESULT {\n", "RESULT {\"outcome\":\"xpassed\"}\n"} {
		if _, err := parse(out); err == nil {
			t.Errorf("%q passed", out)
		}
	}
}

func TestTable(t *testing.T) {
	got := Table("a backend", []Result{{"one", "a", Passed, ""}, {"one", "b", Skipped, "why"}, {"two", "a", Failed, "x"}, {"one", "c", Passed, ""}})
	const want = `a backend                             passed skipped  failed
  one                                      2       1       0
  two                                      0       0       1
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRun runs a program in place of Python, which prints what the test wants.
func TestRun(t *testing.T) {
	for name, test := range map[string]struct {
		script string
		want   string // of the error
		count  int
	}{
		"passed":           {`echo 'RESULT {"suite":"s","name":"a","outcome":"passed"}'`, "", 1},
		"failed":           {`echo 'RESULT {"suite":"s","name":"a","outcome":"failed"}'; exit 1`, "", 1},
		"ends by an error": {`echo 'RESULT {"suite":"s","name":"a","outcome":"passed"}'; exit 2`, "exit status 2", 1},
		"nothing":          {`echo hello`, "has no outcome", 0},
		"no JSON":          {`echo 'RESULT x'`, "invalid character", 0},
		"without a target": {`test -n "$CLIENT_SUITES" || exit 9; echo 'RESULT {"outcome":"skipped"}'`, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := checkout.Layout{Root: t.TempDir()}
			for _, dir := range []string{filepath.Dir(l.Python(checkout.SuitesVenv)), filepath.Join(l.Root, "test", "e2e", "clientsuites", "python")} {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(l.Python(checkout.SuitesVenv), []byte("#!/bin/sh\n"+test.script), 0o755); err != nil {
				t.Fatal(err)
			}
			got, err := Runner{l}.Run(t.Context(), Target{}, []string{"litellm"})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) || len(got) != test.count {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}
