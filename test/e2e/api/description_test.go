package api

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

var seconds = flag.Int("seconds", 60, "how long TestDescription sends requests that are generated from the API's description")

// fewestRequests is the number of requests that schemathesis must send at least. It sends
// more in the shortest time; fewer would test next to nothing.
const fewestRequests = 100

var generated = regexp.MustCompile(`(\d+) generated`)

// TestDescription has schemathesis send requests that the API's description allows, and
// others that it does not, and compare the responses with it.
func TestDescription(t *testing.T) {
	e := e2etest.Attach(t)
	if *seconds < 1 {
		t.Fatalf("-seconds must be at least 1, not %d", *seconds)
	}
	a, l := New(e), e.Checkout
	file := l.Run("openapi.yaml")
	if err := download(t.Context(), a.URL+"/openapi.yaml", file); err != nil {
		t.Fatal(err)
	}
	log := l.Log("schemathesis")
	err := process.Command{
		Dir: l.Run(""), Log: log,
		Env: append(os.Environ(), "CLIENT_KEY="+cmp.Or(a.ClientKey.Reveal(), anyKey),
			"SCHEMATHESIS_HOOKS="+filepath.Join(l.Root, "test", "e2e", "clients", "schemathesis_hooks.py")),
		Args: []string{
			filepath.Join(filepath.Dir(l.Python(checkout.ProofVenv)), "schemathesis"),
			"--config-file", filepath.Join(l.Root, "test", "e2e", "clients", "schemathesis.toml"),
			"run", file, "--url", a.URL, "--max-time", strconv.Itoa(*seconds), "--no-color",
			"--exclude-path", "/key/revoke", // it would end the key that all of these requests have; the tests of clients have it
		},
	}.Run(t.Context())
	output, readErr := os.ReadFile(log)
	if readErr != nil {
		t.Fatal(errors.Join(err, readErr))
	}
	if err != nil {
		t.Fatalf("the API and its description differ: %v\n%s", err, failures(string(output)))
	}
	found := generated.FindSubmatch(output)
	if found == nil {
		t.Fatalf("schemathesis does not print how many requests it sent; see %s", log)
	}
	if sent, err := strconv.Atoi(string(found[1])); err != nil || sent < fewestRequests {
		t.Errorf("schemathesis sent %s requests, want at least %d: give it more -seconds", found[1], fewestRequests)
	}
	t.Logf("%s requests, all responses as described", found[1])
}

// sections are the headings of schemathesis's output.
var sections = regexp.MustCompile(`(?m)^=+ ([A-Z ]+) =+$`)

// failures returns the sections of schemathesis's output that have the requests which
// failed, so that a failure can be understood without the log. Without such sections it
// returns all of the output.
func failures(output string) string {
	var failed strings.Builder
	headings := sections.FindAllStringSubmatchIndex(output, -1)
	for i, at := range headings {
		end := len(output)
		if i+1 < len(headings) {
			end = headings[i+1][0]
		}
		if name := output[at[2]:at[3]]; name == "FAILURES" || name == "ERRORS" {
			failed.WriteString(output[at[0]:end])
		}
	}
	if failed.Len() == 0 {
		return output
	}
	return failed.String()
}

func TestFailuresAreThoseOfSchemathesis(t *testing.T) {
	const failing = "=== FAILURES ===\n___ POST /models ___\n[500] Internal Server Error\n    curl -X POST …\n\n"
	for output, want := range map[string]string{
		"Schemathesis v4\n" + failing + "=== WARNINGS ===\nw\n=== SUMMARY ===\n2 generated\n": failing,
		"=== ERRORS ===\ne\n" + failing + "=== SUMMARY ===\n":                                 "=== ERRORS ===\ne\n" + failing,
		"Traceback": "Traceback",
	} {
		if got := failures(output); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func download(ctx context.Context, url, file string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	content, err := io.ReadAll(got.Body)
	if got.StatusCode != http.StatusOK {
		err = errors.Join(err, fmt.Errorf("%s responded %s", url, got.Status))
	}
	if err != nil {
		return err
	}
	return checkout.WriteFile(file, content, 0o644)
}
