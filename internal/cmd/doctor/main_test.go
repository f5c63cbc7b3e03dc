package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pulumi answers the first word of a command line.
type pulumi map[string]struct {
	stdout, stderr string
	fails          bool
}

func examine(t *testing.T, p pulumi) (said string, asked []string, err error) {
	t.Helper()
	var out strings.Builder
	d := doctor{project: "gatehouse", stack: "prod", out: &out, run: func(_ context.Context, args ...string) ([]byte, []byte, error) {
		asked = append(asked, args[0])
		answer := p[args[0]]
		if answer.fails {
			return []byte(answer.stdout), []byte(answer.stderr), errors.New("exit status 255")
		}
		return []byte(answer.stdout), []byte(answer.stderr), nil
	}}
	err = d.examine(t.Context())
	return out.String(), asked, err
}

const healthy = `{"deployment": {"resources": [{"urn": "urn:pulumi:prod::gatehouse::x::y"}]}}`

func TestAHealthyStack(t *testing.T) {
	said, _, err := examine(t, pulumi{"stack": {stdout: healthy}, "preview": {}})
	require.NoError(t, err)
	assert.Equal(t, "✓ state: 1 resources of gatehouse/prod, nothing under way\n✓ preview: credentials, permissions to read, and rules are in order\n", said)
}

func TestTheFirstThingThatIsWrongIsTold(t *testing.T) {
	said, asked, err := examine(t, pulumi{"stack": {stderr: "error: incorrect passphrase", fails: true}})
	require.ErrorIs(t, err, errFound)
	assert.Contains(t, said, "✗ state: The passphrase is not the one")
	assert.Contains(t, said, "docs/runbook.md#passphrase")
	assert.Equal(t, []string{"stack"}, asked)

	said, asked, err = examine(t, pulumi{"stack": {stdout: strings.ReplaceAll(healthy, ":prod:", ":dev:")}})
	require.ErrorIs(t, err, errFound)
	assert.Contains(t, said, "docs/runbook.md#state-foreign")
	assert.Equal(t, []string{"stack"}, asked)

	said, _, err = examine(t, pulumi{"stack": {stdout: healthy}, "preview": {stdout: "error: api error ExpiredToken: x", fails: true}})
	require.ErrorIs(t, err, errFound)
	assert.Contains(t, said, "✗ preview: AWS doesn't accept the credentials (ExpiredToken)")
}

func TestWhatNobodyKnowsIsShownAsItIs(t *testing.T) {
	said, _, err := examine(t, pulumi{"stack": {stdout: healthy}, "preview": {stdout: "error: the moon is full\n", fails: true}})
	require.ErrorIs(t, err, errFound)
	assert.Contains(t, said, "nothing that the doctor knows (exit status 255). Pulumi said:\nerror: the moon is full")
}
