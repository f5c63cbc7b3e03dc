package lambdaenv

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func readerOf(variables map[string]string) *reader { return &reader{lookup: lookup(variables)} }

func lookup(variables map[string]string) Lookup {
	return func(name string) (string, bool) {
		value, ok := variables[name]
		return value, ok
	}
}

func isLower(value string) bool { return value != "" && value == strings.ToLower(value) }

func TestReadsVariables(t *testing.T) {
	env := readerOf(map[string]string{"NAME": "gate", "PERIOD": "1m30s", "COUNT": "42"})
	assert.Equal(t, "gate", env.string("NAME", "lower case", isLower))
	assert.Equal(t, 90*time.Second, env.duration("PERIOD", time.Second, time.Hour))
	assert.Equal(t, 42, env.int("COUNT", 0, 42))
	assert.NoError(t, env.err())
}

func TestOptionalVariablesMayBeUnset(t *testing.T) {
	env := readerOf(map[string]string{"NAME": "gate", "EMPTY": ""})
	assert.Equal(t, "gate", env.optional("NAME"))
	assert.Empty(t, env.optional("EMPTY"))
	assert.Empty(t, env.optional("MISSING"))
	require.NoError(t, env.err())
}

func TestReportsEveryProblemAtOnce(t *testing.T) {
	env := readerOf(map[string]string{"NAME": "GATE", "EMPTY": "", "PERIOD": "90", "LONG": "2h", "COUNT": "many", "FEW": "-1"})
	assert.Empty(t, env.string("NAME", "lower case", isLower))
	assert.Empty(t, env.string("EMPTY", "lower case", isLower))
	assert.Empty(t, env.string("MISSING", "lower case", isLower))
	assert.Zero(t, env.duration("PERIOD", time.Second, time.Hour))
	assert.Zero(t, env.duration("LONG", time.Second, time.Hour))
	assert.Zero(t, env.duration("MISSING_PERIOD", time.Second, time.Hour))
	assert.Zero(t, env.int("COUNT", 0, 9))
	assert.Zero(t, env.int("FEW", 0, 9))
	assert.Zero(t, env.int("MISSING_COUNT", 0, 9))
	env.reject("BOTH", "1s", "less than the other")

	require.Error(t, env.err())
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
	}, strings.Split(env.err().Error(), "\n"))
}
