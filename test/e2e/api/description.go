package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// fewestRequests is how many requests schemathesis has to make at least. It makes
// more in the shortest time; with fewer, it looked at next to nothing.
const fewestRequests = 100

var generated = regexp.MustCompile(`(\d+) generated`)

// description lets schemathesis ask the API what its description allows, and what it
// doesn't, and compare the answers with it. It takes about that many seconds.
func (t *test) description(ctx context.Context, s *progress.Step) error {
	file := t.layout.Run("openapi.yaml")
	if err := download(ctx, t.api.URL+"/openapi.yaml", file); err != nil {
		return err
	}
	log := t.layout.Log("schemathesis")
	err := process.Command{
		Dir: t.layout.Run(""), Env: os.Environ(), Log: log,
		Args: []string{
			filepath.Join(filepath.Dir(t.layout.Python(checkout.ProofVenv)), "schemathesis"),
			"--config-file", filepath.Join(t.layout.Root, "test", "e2e", "clients", "schemathesis.toml"),
			"run", file, "--url", t.api.URL, "--max-time", strconv.Itoa(t.options.Seconds), "--no-color",
		},
	}.Run(ctx)
	if err != nil {
		return fmt.Errorf("the API and its description differ: %w", err)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	found := generated.FindSubmatch(text)
	if found == nil {
		return fmt.Errorf("schemathesis does not say how many requests it made; see %s", log)
	}
	requests, err := strconv.Atoi(string(found[1]))
	if err == nil && requests < fewestRequests {
		err = fmt.Errorf("schemathesis made %d requests, too few to show anything: give it more -seconds", requests)
	}
	s.Note("%d requests, all answers as described", requests)
	return err
}

func download(ctx context.Context, url, file string) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
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
		err = errors.Join(err, fmt.Errorf("%s answered %s", url, got.Status))
	}
	if err != nil {
		return err
	}
	return checkout.WriteFile(file, content, 0o644)
}
