package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
)

const outputsOfClients = `{"clientsTable": "clients", "clientBudgetCeiling": "100"}`

// bench runs commands on a table in memory.
type bench struct {
	table    *dynamotest.Table
	terminal func() (io.ReadWriteCloser, error)
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{
		table:    dynamotest.New(),
		terminal: func() (io.ReadWriteCloser, error) { return nil, errors.New("no such device") },
	}
	server := httptest.NewServer(&tableServer{"clients", b.table})
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": server.URL, "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	return b
}

func (b *bench) run(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errOut bytes.Buffer
	err = run(t.Context(), append([]string{"client"}, args...), console{
		in: strings.NewReader(outputsOfClients), out: &out, errOut: &errOut, terminal: b.terminal,
		now: func() time.Time { return noon },
	})
	return out.String(), errOut.String(), err
}

func (b *bench) must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, _, err := b.run(t, args...)
	require.NoError(t, err)
	return stdout
}

// makeKey makes a key of a client.
func (b *bench) makeKey(t *testing.T, name string, args ...string) credential.Key {
	t.Helper()
	key, err := credential.Parse(strings.TrimSuffix(b.must(t, append([]string{"key", "-name", name}, args...)...), "\n"))
	require.NoError(t, err)
	return key
}

func TestKeysAreThoseThatFunctionsRead(t *testing.T) {
	b := newBench(t)
	b.must(t, "create", "-name", "acme")
	key := b.makeKey(t, "acme", "-expires", "90d")
	store := clientstore.Store{Table: b.table}
	identity, found, err := store.Resolve(t.Context(), key.Digest())
	require.NoError(t, err)
	require.True(t, found)
	assert.Equal(t, "acme", identity.Client)
	assert.True(t, identity.Expires.Equal(noon.AddDate(0, 0, 90)))
	record, found, err := store.Client(t.Context(), identity.Client)
	require.NoError(t, err)
	require.True(t, found)
	assert.True(t, record.Has(identity.ID))

	b.must(t, "revoke", "-name", "acme", "-key", identity.ID, "-yes")
	record, _, err = store.Client(t.Context(), "acme")
	require.NoError(t, err)
	assert.Empty(t, record.Keys)
	_, found, err = store.Resolve(t.Context(), key.Digest())
	require.NoError(t, err)
	assert.False(t, found)
}

// The holder of a key has ended it, which leaves its item.
func TestAKeyThatEndedIsRemoved(t *testing.T) {
	b := newBench(t)
	b.must(t, "create", "-name", "acme")
	id := b.makeKey(t, "acme").Digest().ID()
	store := clientstore.Store{Table: b.table}
	require.NoError(t, store.EndKey(t.Context(), "acme", id))
	assert.Len(t, b.table.Items(), 2)
	assert.Equal(t, "key "+id+" of client acme had ended already\n", b.must(t, "revoke", "-name", "acme", "-key", id))
	assert.Len(t, b.table.Items(), 1)
	_, _, err := b.run(t, "revoke", "-name", "acme", "-key", id)
	require.ErrorContains(t, err, fmt.Sprintf("client acme: -key is %q; want the id of one of its keys: it has none", id))
}

// Without a terminal, nothing that makes requests fail is done unless -yes is given.
func TestNoTerminal(t *testing.T) {
	for _, args := range [][]string{
		{"suspend"}, {"revoke"}, {"delete", "-force"}, {"set", "-models", "model-a"},
	} {
		b := newBench(t)
		b.must(t, "create", "-name", "acme")
		b.makeKey(t, "acme")
		before := b.table.Items()
		args = append(args, "-name", "acme")
		stdout, _, err := b.run(t, args...)
		require.ErrorIs(t, err, errNoTerminal)
		require.ErrorContains(t, err, "client acme: ", "it says what would happen")
		require.ErrorContains(t, err, "Give -yes, or YES=1 to make, to confirm")
		assert.Empty(t, stdout)
		assert.Equal(t, before, b.table.Items())
		b.must(t, append(args, "-yes")...)
		assert.NotEqual(t, before, b.table.Items())
	}
}

// terminalOf answers questions, and keeps them.
type terminalOf struct {
	io.Reader
	bytes.Buffer
}

func (t *terminalOf) Read(p []byte) (int, error) { return t.Reader.Read(p) }

func (t *terminalOf) Close() error { return nil }

func TestOnlyYesConfirms(t *testing.T) {
	for answer, confirmed := range map[string]bool{"yes\n": true, "yes": true, " yes \n": true, "y\n": false, "YES\n": false, "\n": false, "": false, "no\nyes\n": false} {
		b := newBench(t)
		b.must(t, "create", "-name", "acme")
		terminal := &terminalOf{Reader: strings.NewReader(answer)}
		b.terminal = func() (io.ReadWriteCloser, error) { return terminal, nil }
		_, _, err := b.run(t, "suspend", "-name", "acme")
		assert.Equal(t, confirmed, err == nil, "%q", answer)
		if !confirmed {
			require.ErrorIs(t, err, errNotConfirmed)
		}
		assert.Equal(t, "client acme: every request is refused until the client is resumed\nType yes to go on: ", terminal.Buffer.String())
	}
}

// closed is a standard output that can't be written to.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestAKeyThatCannotBeShownIsNamed(t *testing.T) {
	b := newBench(t)
	b.must(t, "create", "-name", "acme")
	err := run(t.Context(), []string{"client", "key", "-name", "acme"}, console{
		in: strings.NewReader(outputsOfClients), out: closed{}, errOut: io.Discard, now: func() time.Time { return noon },
	})
	require.ErrorIs(t, err, io.ErrClosedPipe)
	record, _, err2 := clientstore.Store{Table: b.table}.Client(t.Context(), "acme")
	require.NoError(t, err2)
	require.Len(t, record.Keys, 1)
	require.ErrorContains(t, err, "revoke it: make client-revoke NAME=acme KEY="+record.Keys[0]+", or gatehouse client revoke -name acme -key "+record.Keys[0])

	fail := func(operation string) error {
		if operation == dynamotest.TransactWrite {
			return errReplyLost
		}
		return nil
	}
	// A key that is stored while the reply is lost is found when the write is repeated.
	b.table.After = fail
	b.makeKey(t, "acme")
	b.table.Before = fail
	stdout, _, err := b.run(t, "key", "-name", "acme")
	require.ErrorContains(t, err, "it isn't known whether the change was written")
	require.ErrorContains(t, err, "no key is shown; if `show` lists one with the id ")
	assert.Empty(t, stdout)
}

// Every command runs with keys in the table, and with a key in each of its arguments. Only
// the standard output of the command that makes a key has one.
func TestNoOutputHasAKey(t *testing.T) {
	b := newBench(t)
	pattern := regexp.MustCompile(`sk-gth_|` + credential.Pattern)
	var keys []credential.Key
	check := func(stdout, stderr string, err error) {
		text := stdout + stderr
		if err != nil {
			text += err.Error()
		}
		require.NotRegexp(t, pattern, text)
		for _, key := range keys {
			require.NotContains(t, text, key.Reveal()[len("sk-gth_"):], "without its prefix")
			require.NotContains(t, text, key.Digest().String())
		}
	}
	check(b.run(t, "create", "-name", "acme", "-budget", "50usd/month"))
	for range client.MaxKeys {
		stdout, stderr, err := b.run(t, "key", "-name", "acme", "-expires", "90d")
		require.NoError(t, err)
		key, err := credential.Parse(strings.TrimSuffix(stdout, "\n"))
		require.NoError(t, err)
		keys = append(keys, key)
		check("", stderr, nil)
	}
	check(b.run(t, "key", "-name", "acme")) // one too many
	all := map[string][]string{
		"list": nil, "show": {"-name", "acme"}, "usage": {"-name", "acme"}, "set": {"-name", "acme", "-rpm", "1", "-yes"},
		"suspend": {"-name", "acme", "-yes"}, "resume": {"-name", "acme"}, "map": {"-name", "acme", "-issuer", "i", "-claim", "sub", "-value", "v"},
		"unmap": {"-name", "acme", "-issuer", "i", "-claim", "sub", "-value", "v", "-yes"}, "create": {"-name", "other"}, "key": {"-name", "acme"},
		"revoke": {"-name", "acme", "-key", keys[0].Digest().ID(), "-yes"}, "delete": {"-name", "acme", "-force", "-yes"},
	}
	require.Len(t, all, len(clientSubcommands))
	for name, args := range all {
		for i := range args {
			with := append([]string{name}, args...)
			with[i+1] += keys[1].Reveal()
			_, _, err := b.run(t, with...)
			require.ErrorContains(t, err, "revoke it. Its id is "+keys[1].Digest().ID())
			check("", "", err)
		}
		check(b.run(t, name, keys[1].Reveal()))
		check(b.run(t, name, "-json", "-"+keys[1].Reveal()))
		check(b.run(t, keys[1].Reveal()))
	}
	for _, name := range []string{"list", "show", "usage", "set", "suspend", "resume", "map", "unmap", "create", "revoke", "delete"} {
		check(b.run(t, append([]string{name}, all[name]...)...))
	}
}
