package lambdaenv_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

func reader(variables map[string]string) *lambdaenv.Reader {
	return lambdaenv.NewReader(func(name string) (string, bool) {
		text, ok := variables[name]
		return text, ok
	})
}

func isLower(text string) bool { return text != "" && text == strings.ToLower(text) }

func TestReadsVariables(t *testing.T) {
	env := reader(map[string]string{"NAME": "gate", "PERIOD": "1m30s", "COUNT": "42"})
	assert.Equal(t, "gate", env.Text("NAME", "lower case", isLower))
	assert.Equal(t, 90*time.Second, env.Duration("PERIOD", time.Second, time.Hour))
	assert.Equal(t, 42, env.Int("COUNT", 0, 42))
	assert.NoError(t, env.Err())
}

func TestOptionalVariablesMayBeMissing(t *testing.T) {
	env := reader(map[string]string{"NAME": "gate", "EMPTY": ""})
	assert.Equal(t, "gate", env.Optional("NAME", "lower case", isLower))
	assert.Empty(t, env.Optional("EMPTY", "lower case", isLower))
	assert.Empty(t, env.Optional("MISSING", "lower case", isLower))
	require.NoError(t, env.Err())

	env = reader(map[string]string{"NAME": "GATE"})
	assert.Empty(t, env.Optional("NAME", "lower case, or nothing", isLower))
	assert.ErrorContains(t, env.Err(), `environment variable NAME is "GATE": want lower case, or nothing`)
}

func TestReportsEveryProblemAtOnce(t *testing.T) {
	env := reader(map[string]string{"NAME": "GATE", "EMPTY": "", "PERIOD": "90", "LONG": "2h", "COUNT": "many", "FEW": "-1"})
	assert.Empty(t, env.Text("NAME", "lower case", isLower))
	assert.Empty(t, env.Text("EMPTY", "lower case", isLower))
	assert.Empty(t, env.Text("MISSING", "lower case", isLower))
	assert.Zero(t, env.Duration("PERIOD", time.Second, time.Hour))
	assert.Zero(t, env.Duration("LONG", time.Second, time.Hour))
	assert.Zero(t, env.Duration("MISSING_PERIOD", time.Second, time.Hour))
	assert.Zero(t, env.Int("COUNT", 0, 9))
	assert.Zero(t, env.Int("FEW", 0, 9))
	assert.Zero(t, env.Int("MISSING_COUNT", 0, 9))
	env.Reject("BOTH", "1s", "less than the other")

	require.Error(t, env.Err())
	assert.Equal(t, []string{
		`environment variable NAME is "GATE": want lower case`,
		`environment variable EMPTY is "": want lower case`,
		`environment variable MISSING is not set: want lower case`,
		`environment variable PERIOD is "90": want a duration from 1s to 1h0m0s`,
		`environment variable LONG is "2h": want a duration from 1s to 1h0m0s`,
		`environment variable MISSING_PERIOD is not set: want a duration from 1s to 1h0m0s`,
		`environment variable COUNT is "many": want a whole number from 0 to 9`,
		`environment variable FEW is "-1": want a whole number from 0 to 9`,
		`environment variable MISSING_COUNT is not set: want a whole number from 0 to 9`,
		`environment variable BOTH is "1s": want less than the other`,
	}, strings.Split(env.Err().Error(), "\n"))
}
