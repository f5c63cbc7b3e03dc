package main

import (
	"flag"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden file")

const (
	root   = "/home/someone/gatehouse"
	golden = "testdata/excerpt.txt"
)

// folders has the folders of a machine.
func folders(path string) bool { return path == "/home" || path == "/tmp" }

func sample(t *testing.T) string {
	t.Helper()
	recording, err := os.ReadFile("testdata/recording.txt")
	require.NoError(t, err)
	return string(recording)
}

func TestExcerpt(t *testing.T) {
	lines, err := excerpt(sample(t), root, folders)
	require.NoError(t, err)
	for _, line := range lines {
		assert.LessOrEqual(t, utf8.RuneCountInString(line), mostColumns, line)
	}
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
	assert.NotContains(t, got, "someone", "the name of a user")
	assert.Contains(t, got, `$(cat '.local/client.key')`)
	assert.Contains(t, got, "  … and 4 more\n")
}

func TestRecordingsThatDontFit(t *testing.T) {
	for recording, want := range map[string]string{
		" \n":                               "the recording is empty",
		"\x1b[1A\r✓ tools":                  "has control characters: record the output through a pipe",
		"✓ state in /tmp/state":             "has a path of this machine, /tmp/state",
		"  curl -d @'/home/someone/a.json'": "has a path of this machine, /home/someone/a.json",
		"key=/home/x":                       "has a path of this machine, /home/x",
	} {
		_, err := excerpt(recording, root, folders)
		assert.ErrorContains(t, err, want, recording)
	}
	for _, fits := range []string{"a POST /api/models", "seen as /v1/echo", "http://127.0.0.1:4567/home/x", "and/or", root + "/.local/logs"} {
		_, err := excerpt(fits, root, folders)
		assert.NoError(t, err, fits)
	}
}

func TestShorten(t *testing.T) {
	table := func(rows int) (all []string) {
		for range rows {
			all = append(all, "  row")
		}
		return all
	}
	assert.Len(t, shorten(table(firstRows+lastRows+1)), firstRows+lastRows+1, "a line about one row is as long as the row")
	long := shorten(table(firstRows + lastRows + 2))
	assert.Len(t, long, firstRows+lastRows+1)
	assert.Equal(t, "  … and 2 more", long[firstRows])
}

func TestSqueeze(t *testing.T) {
	assert.Equal(t, []string{
		"           want  got   ms",
		"  ✓ one    200   200    1",
		"  … and 2 more",
		"  – three        none",
	}, squeeze([]string{
		"            want      got      ms",
		"  ✓ one     200       200       1",
		"  … and 2 more",
		"  – three             none       ",
	}))
}

func TestWrap(t *testing.T) {
	assert.Equal(t, []string{"short"}, wrap("short"))
	option := strings.Repeat("x", mostColumns-20)
	assert.Equal(t, []string{"curl " + option, "    -d '{\"a\": \"b c d e f\"}'"}, wrap("curl "+option+` -d '{"a": "b c d e f"}'`))
	words := strings.TrimSpace(strings.Repeat("words ", 50))
	assert.Equal(t, words, strings.Join(strings.Fields(strings.Join(wrap(words), " ")), " "))
	unbroken := strings.Repeat("x", 2*mostColumns)
	assert.Equal(t, unbroken, strings.ReplaceAll(strings.Join(wrap(unbroken), ""), " ", ""))
}
