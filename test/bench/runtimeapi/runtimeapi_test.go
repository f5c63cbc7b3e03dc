package runtimeapi

import (
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
)

// The test's own program is the function: as which, the environment says.
func TestMain(m *testing.M) {
	switch os.Getenv("FUNCTION") {
	case "":
		os.Exit(m.Run())
	case "echo":
		lambda.Start(func(event map[string]string) (map[string]string, error) {
			if event["fail"] != "" {
				return nil, errString(event["fail"])
			}
			return event, nil
		})
	case "end":
		os.Stderr.WriteString("no such setting")
		os.Exit(3)
	}
}

type errString string

func (e errString) Error() string { return string(e) }

func start(t *testing.T, as string) *Function {
	t.Helper()
	f, err := Start(t.Context(), []string{"FUNCTION=" + as}, os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Stop(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func TestAFunctionAnswersItsEvents(t *testing.T) {
	f := start(t, "echo")
	if f.Init <= 0 {
		t.Errorf("started in %s", f.Init)
	}
	for _, event := range []string{`{"a":"b"}`, `{"c":"d"}`} {
		got, err := f.Invoke(t.Context(), []byte(event))
		if err != nil || string(got) != event {
			t.Errorf("answered %s, %v to %s", got, err, event)
		}
	}
	if peak, err := f.PeakMemory(); err != nil || peak < 1<<20 || peak > 1<<30 {
		t.Errorf("peak memory %d, %v", peak, err)
	}
}

func TestAFunctionsErrorIsToldAndItLives(t *testing.T) {
	f := start(t, "echo")
	if _, err := f.Invoke(t.Context(), []byte(`{"fail":"out of luck"}`)); err == nil || !strings.Contains(err.Error(), "out of luck") {
		t.Errorf("got %v", err)
	}
	if got, err := f.Invoke(t.Context(), []byte(`{}`)); err != nil || string(got) != "{}" {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestAFunctionThatEndsSaysWhy(t *testing.T) {
	if _, err := Start(t.Context(), []string{"FUNCTION=end"}, os.Args[0]); err == nil || !strings.Contains(err.Error(), "no such setting") {
		t.Errorf("got %v", err)
	}
	f := start(t, "echo")
	_ = f.process.Process.Kill()
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); err == nil {
		t.Error("a process that is gone answers")
	}
}
