package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	outcome := func(got string, err error) Check {
		return Check{Name: got, Want: "200", Run: func(context.Context) (string, error) { return got, err }}
	}
	var began []string
	checks := []Check{outcome("", nil), outcome("200, Hi", nil), outcome("403", errors.New("403")), outcome("after it", nil)}
	results := Run(t.Context(), checks, func(name string) { began = append(began, name) })
	if len(results) != len(checks) || !slices.Equal(began, []string{"", "200, Hi", "403", "after it"}) {
		t.Fatalf("ran %q, %d results", began, len(results))
	}
	if results[0].Got != "200" || results[1].Got != "200, Hi" {
		t.Errorf("got %q and %q", results[0].Got, results[1].Got)
	}
	if Passed(results) || !Passed(results[:2]) {
		t.Error("a failed check passed, or a passed one failed")
	}
	if Passed(nil) {
		t.Error("no result counts as passed")
	}
}

func TestACheckThatCantTellIsLeftOut(t *testing.T) {
	const reason = "no answer by UDP"
	of := func(err error) Check {
		return Check{Name: "HTTP/3", Want: "200", Run: func(context.Context) (string, error) { return "something", err }}
	}
	results := Run(t.Context(), []Check{of(Inconclusive(reason)), of(nil)}, func(string) {})
	if n := Count(results); n != (Counts{Passed: 1, LeftOut: 1}) || !Passed(results) || Passed(results[:1]) {
		t.Errorf("counted %+v", n)
	}
	var table, object, report bytes.Buffer
	PrintTable(&table, results, "")
	if err := errors.Join(WriteJSON(&object, results, ""), WriteJUnit(&report, results, "s", "")); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		table.String(): "– HTTP/3  200   " + reason, object.String(): `"reason": "` + reason + `"`, report.String(): `<skipped message="` + reason + `">`,
	} {
		if !strings.Contains(text, want) || strings.Contains(text, "<failure") {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, err := range []error{errors.Join(Inconclusive(reason), errors.New("500")), fmt.Errorf("at first: %w", Inconclusive(reason))} {
		if r := of(err).Do(t.Context()); r.LeftOut != "" || r.Err == nil {
			t.Errorf("%v was left out", err)
		}
	}
}

func TestPrintTable(t *testing.T) {
	const long = "a long story: 0123456789 0123456789 0123456789 0123456789 0123456789"
	var out bytes.Buffer
	PrintTable(&out, []Result{
		{Check{Name: "a", Want: "200"}, "200, Hi", nil, 15 * time.Millisecond},
		{Check{Name: "longer name", Want: "401", Section: "api-denials"}, "", errors.New("403"), 1234 * time.Millisecond},
		{Check{Name: "cut", Want: "yes", Section: "clients"}, "", errors.New(long), 0},
		{Check{Name: "whole", Want: "yes"}, "", errors.New("short"), 0},
		{Check{Name: "other", Want: "yes", LeftOut: "wafEnabled is off"}, "", nil, 0},
	}, "https://runbook")
	const want = `                 want  got                                                               ms
  ✓ a            200   200, Hi                                                           15
  ✗ longer name  401   403                                                             1234
  ✗ cut          yes   a long story: 0123456789 0123456789 0123456789 0123456789 0…       0
  ✗ whole        yes   short                                                              0
  – other        yes   wafEnabled is off                                                   

  longer name: see https://runbook#api-denials

  cut: ` + long + `
    see https://runbook#clients
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
