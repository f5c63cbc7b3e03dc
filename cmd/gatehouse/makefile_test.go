package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// makeTarget runs a target of the Makefile with a stub of Pulumi and one of Go, and
// returns the arguments that the latter got, and what make printed.
func makeTarget(t *testing.T, environment []string, args ...string) (got []string, stdout string) {
	t.Helper()
	bin := t.TempDir()
	const shell = "#!/bin/sh\n"
	stubs := map[string]string{
		"pulumi": shell + `case "$1" in stack) echo '{"clientsTable": "t"}';; config) echo eu-west-1;; esac` + "\n",
		"go":     shell + `printf '%s\0' "$AWS_REGION" "$(cat)" "$@" > "$RECORDED"` + "\n" + "echo printed\n",
	}
	for name, script := range stubs {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700))
	}
	recorded := filepath.Join(bin, "recorded")
	cmd := exec.Command("make", append([]string{"-s", "-C", "../.."}, args...)...)
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "RECORDED="+recorded, "MAKEFLAGS=", "MAKELEVEL=")
	cmd.Env = append(cmd.Env, environment...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	content, err := os.ReadFile(recorded)
	require.NoError(t, err)
	return strings.Split(strings.TrimSuffix(string(content), "\x00"), "\x00"), string(out)
}

func TestMakeTargets(t *testing.T) {
	for target, want := range map[string]string{
		"client-create NAME=acme BUDGET=50usd/month RPM=120 PARALLEL=10 MODELS=a,b INFERENCE=true EXPIRES=90d": "create -name acme -budget 50usd/month -rpm 120 -parallel 10 -models a,b -inference true -expires 90d",
		"client-create NAME=acme":                               "create -name acme",
		"client-key NAME=acme EXPIRES=90d":                      "key -name acme -expires 90d",
		"client-list":                                           "list",
		"client-list JSON=1":                                    "list -json",
		"client-show NAME=acme":                                 "show -name acme",
		"client-usage NAME=acme DAYS=7 JSON=1":                  "usage -name acme -days 7 -json",
		"client-set NAME=acme BUDGET=none YES=1":                "set -name acme -budget none -yes",
		"client-suspend NAME=acme":                              "suspend -name acme",
		"client-resume NAME=acme":                               "resume -name acme",
		"client-revoke NAME=acme KEY=k7f3q2ab":                  "revoke -name acme -key k7f3q2ab",
		"client-revoke NAME=acme YES=1":                         "revoke -name acme -yes",
		"client-delete NAME=acme FORCE=1 YES=1":                 "delete -name acme -force -yes",
		"client-map NAME=acme ISSUER=corp CLAIM=azp VALUE=x":    "map -name acme -issuer corp -claim azp -value x",
		"client-unmap NAME=acme ISSUER=corp CLAIM=azp VALUE=x ": "unmap -name acme -issuer corp -claim azp -value x",
	} {
		got, stdout := makeTarget(t, nil, append(strings.Fields(target), "STACK=prod")...)
		require.Equal(t, []string{"eu-west-1", `{"clientsTable": "t"}`, "run", "./cmd/gatehouse", "client"}, got[:5], target)
		assert.Equal(t, strings.Fields(want), got[5:], target)
		assert.Equal(t, "printed\n", stdout, "nothing is added to what the command prints")
	}
}

func TestMakeVerify(t *testing.T) {
	for variables, want := range map[string]string{
		"": "", "JSON=1": "-json", "JUNIT=report.xml": "-junit report.xml", "ROTATE=1": "-rotate", "REVOKE=1": "-revoke", "WAIT=30m": "-wait 30m",
	} {
		got, _ := makeTarget(t, nil, append(strings.Fields("verify "+variables), "STACK=prod")...)
		assert.Equal(t, append([]string{"verify"}, strings.Fields(want)...), got[4:], variables)
	}
}

// No value is code to the shell or an argument of its own.
func TestMakePassesValuesAsTheyAre(t *testing.T) {
	for _, value := range []string{
		"a b", "a;touch /dev/null", "`id`", `"quoted"`, "it's", "-yes", "*", `\`, "a\nb", "#a", "$$(id)", "a|b>c&d", "ü",
	} {
		got, _ := makeTarget(t, nil, "client-map", "STACK=prod", "NAME="+value, "ISSUER="+value, "CLAIM="+value, "VALUE="+value)
		want := strings.ReplaceAll(value, "$$", "$") // as make writes a dollar sign
		assert.Equal(t, []string{"map", "-name", want, "-issuer", want, "-claim", want, "-value", want}, got[5:])
	}
}

// Variables of the environment change nothing.
func TestMakeIgnoresTheEnvironment(t *testing.T) {
	got, _ := makeTarget(t, []string{"MODELS=x", "EXPIRES=1h", "YES=1", "KEY=k7f3q2ab", "BUDGET=none"}, "client-set", "STACK=prod", "NAME=acme", "RPM=1")
	assert.Equal(t, []string{"set", "-name", "acme", "-rpm", "1"}, got[5:])
	got, _ = makeTarget(t, []string{"NAME=acme"}, "client-revoke", "STACK=prod")
	assert.Equal(t, []string{"revoke"}, got[5:])
}

func TestMakeHelpListsTheTargets(t *testing.T) {
	out, err := exec.Command("make", "-s", "-C", "../..", "help").Output()
	require.NoError(t, err)
	for name := range clientSubcommands {
		assert.Contains(t, string(out), "  make client-"+name+" ")
	}
}
