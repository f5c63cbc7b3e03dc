package bench

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var example = Record{[]Measurement{
	{
		Part: AuthorizerPart, Date: "2026-01-31", Machine: Machine{Processor: "Some", Cores: 2, MemoryGiB: 3.9, System: "linux/amd64", Go: "1.26.0", Python: "3.11.7", Node: "20.0.0", Load: 0.25},
		Rows: []Row{
			{Figure: "start", Unit: "ms", Ours: 3, Beside: "hello", Theirs: 2, Goal: atMostTimes(1.15)},
			{Figure: "decision", Unit: "ns", Ours: 160, Goal: atMost(1000), Command: "go test"},
		},
	},
	{Part: ProgramPart, Date: "2026-02-01", Rows: []Row{{Figure: "resources", Ours: 160}}},
}}

func TestARecordIsReadAsItWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record.json")
	if got, err := ReadRecord(path); err != nil || len(got.Measurements) > 0 {
		t.Errorf("no file: got %v, %v", got, err)
	}
	content, err := example.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadRecord(path); err != nil || !reflect.DeepEqual(got, example) {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := os.WriteFile(path, []byte(`{"measurement": []}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadRecord(path); err == nil {
		t.Error("an unknown field is accepted")
	}
}

func TestANewMeasurementReplacesItsPartOnly(t *testing.T) {
	got := example.With(Measurement{Part: PathPart, Date: "2026-03-01"}).With(Measurement{Part: AuthorizerPart, Date: "2026-03-02"})
	var all []string
	for _, m := range got.Measurements {
		all = append(all, m.Part+" "+m.Date)
	}
	if text := strings.Join(all, ", "); text != "authorizer 2026-03-02, path 2026-03-01, program 2026-02-01" {
		t.Errorf("got %s", text)
	}
	if len(example.Measurements) != 2 || example.Measurements[0].Date != "2026-01-31" {
		t.Error("the record itself was changed")
	}
}

func TestMarkdown(t *testing.T) {
	text := example.Markdown()
	for _, want := range []string{
		"|  | Gatehouse | beside | ratio | goal | repeat with |\n|---|---|---|---|---|---|\n| **Authorizer** | | | | | |\n" +
			"| start | 3 ms | 2 ms (hello) | 1.50× | ≤ 1.15×, **MISSED** | `make bench PART=authorizer` |\n" +
			"| decision | 160 ns |  |  | ≤ 1000, met | `go test` |\n" +
			"| **Program** | | | | | |\n",
		"Measured on 2026-01-31: 2 cores (Some), 4 GiB, linux/amd64, Go 1.26.0, Python 3.11.7, Node 20.0.0, load before 0.2.\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
}

func TestWrap(t *testing.T) {
	word := strings.Repeat("é", 59)
	if got, want := wrap(word+" "+word+" a bc"), word+" "+word+"\na bc"; got != want {
		t.Errorf("got %q", got)
	}
	if got, want := wrap(word+"  "+word+"é\na"), word+" "+word+"é\na"; got != want {
		t.Errorf("got %q", got)
	}
}

func TestText(t *testing.T) {
	const want = `             Gatehouse  beside        ratio  goal
Authorizer, 2026-01-31: make bench PART=authorizer
  start           3 ms  2 ms (hello)  1.50×  ≤ 1.15×, MISSED
  decision      160 ns                       ≤ 1000, met
Program, 2026-02-01: make bench PART=program
  resources        160`
	if got := example.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The document is what `make bench` wrote: no figure in it is typed by hand.
func TestTheDocumentIsTheRecords(t *testing.T) {
	docs := filepath.Join("..", "..", "docs")
	record, err := ReadRecord(filepath.Join(docs, "measurements.json"))
	if err != nil {
		t.Fatal(err)
	}
	if len(record.Measurements) == 0 {
		t.Fatal("nothing is measured")
	}
	content, err := os.ReadFile(filepath.Join(docs, "measurements.md"))
	if err != nil {
		t.Fatal(err)
	}
	if string(content) != record.Markdown() {
		t.Error("docs/measurements.md is not what docs/measurements.json renders to: `make bench` writes both")
	}
}

func TestChoose(t *testing.T) {
	for names, want := range map[string]string{
		"":                     "authorizer path stream clients rotation program tests cost",
		"cold":                 "cold",
		"path,authorizer":      "path authorizer",
		"paths":                `part "paths"; allowed: authorizer, path, stream, clients, rotation, program, tests, cost, cold, load`,
		"path,":                `part ""; allowed: authorizer, path, stream, clients, rotation, program, tests, cost, cold, load`,
		"authorizer,path,none": `part "none"; allowed: authorizer, path, stream, clients, rotation, program, tests, cost, cold, load`,
	} {
		parts, err := Choose(names)
		var got []string
		for _, p := range parts {
			got = append(got, p.Name)
		}
		text := strings.Join(got, " ")
		if err != nil {
			text = err.Error()
		}
		if text != want {
			t.Errorf("%q: got %s, want %s", names, text, want)
		}
	}
}
