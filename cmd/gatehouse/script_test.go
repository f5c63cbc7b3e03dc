package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"gatehouse": main,
		"pulumi":    pulumiStub,
	})
}

// TestScripts runs the cases in testdata/script.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}

// pulumiStub stands in for Pulumi. For the command `stack`, it prints the files
// stack.stdout and stack.stderr of the working directory, fails if there is the latter or
// stack.fails, and adds the command to the file commands.
func pulumiStub() {
	command := os.Args[1]
	log, err := os.OpenFile("commands", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	_, _ = log.WriteString(command + "\n")
	stdout, _ := os.ReadFile(command + ".stdout")
	_, _ = os.Stdout.Write(stdout)
	stderr, _ := os.ReadFile(command + ".stderr")
	_, _ = os.Stderr.Write(stderr)
	_, err = os.Stat(command + ".fails")
	if len(stderr) > 0 || err == nil {
		os.Exit(255)
	}
}
