package check

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
)

// Outcomes of a check, in reports for programs.
const (
	passed  = "passed"
	failed  = "failed"
	leftOut = "left out"
)

func (r Result) outcome() string {
	switch {
	case r.LeftOut != "":
		return leftOut
	case r.Err != nil:
		return failed
	}
	return passed
}

// row is a check in the JSON report.
type row struct {
	Name         string `json:"name"`
	Outcome      string `json:"outcome"`
	Want         string `json:"want"`
	Got          string `json:"got,omitempty"`
	Error        string `json:"error,omitempty"`
	LeftOut      string `json:"reason,omitempty"`  // of a check that was left out
	Runbook      string `json:"runbook,omitempty"` // where to read on after a failure
	Milliseconds int64  `json:"milliseconds"`
}

// WriteJSON writes the results for programs. A failed check has the address of its section
// of the runbook, which is at this URL.
func WriteJSON(w io.Writer, results []Result, runbook string) error {
	rows := make([]row, len(results))
	for i, r := range results {
		rows[i] = row{Name: r.Name, Outcome: r.outcome(), Want: r.Want, Got: r.Got, LeftOut: r.LeftOut, Milliseconds: r.Took.Milliseconds()}
		if r.Err != nil {
			rows[i].Error, rows[i].Runbook = r.Err.Error(), r.link(runbook)
		}
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Counts
		Checks []row `json:"checks"`
	}{Count(results), rows})
}

// The elements of a JUnit report that CI systems read.
type (
	junitSuite struct {
		XMLName  xml.Name    `xml:"testsuite"`
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Seconds string        `xml:"time,attr"`
		Failure *junitMessage `xml:"failure,omitempty"`
		Skipped *junitMessage `xml:"skipped,omitempty"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the results as a JUnit report with a suite of this name.
func WriteJUnit(w io.Writer, results []Result, suite, runbook string) error {
	n := Count(results)
	report := junitSuite{Name: suite, Tests: len(results), Failures: n.Failed, Skipped: n.LeftOut}
	for _, r := range results {
		c := junitCase{Class: suite, Name: r.Name, Seconds: fmt.Sprintf("%.3f", r.Took.Seconds())}
		switch r.outcome() {
		case failed:
			c.Failure = &junitMessage{Message: "want " + r.Want, Text: r.Err.Error() + "\n" + r.link(runbook)}
		case leftOut:
			c.Skipped = &junitMessage{Message: r.LeftOut}
		}
		report.Cases = append(report.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	return encoder.Encode(report)
}

// link returns the address of the check's section of the runbook.
func (r Result) link(runbook string) string {
	if r.Section == "" {
		return ""
	}
	return runbook + "#" + r.Section
}
