package openai

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readEvents returns all events of a stream, as name and data separated by a bar.
func readEvents(r io.Reader) ([]string, error) {
	var all []string
	for stream := newEvents(r); ; {
		e, err := stream.next()
		if err != nil {
			return all, err
		}
		all = append(all, e.name+"|"+string(e.data))
	}
}

func TestEvents(t *testing.T) {
	for _, test := range []struct {
		name, stream string
		want         []string
	}{
		{"nothing", "", nil},
		{"blank lines", "\n\r\n\r\n", nil},
		{"one", "data: a\n\n", []string{"|a"}},
		{"several", "data: a\n\ndata: b\n\n\n\ndata: c\n\n", []string{"|a", "|b", "|c"}},
		{"no space", "data:a\n\n", []string{"|a"}},
		{"two spaces", "data:  a \n\n", []string{"| a "}},
		{"carriage returns and line feeds", "data: a\r\n\r\ndata: b\r\n\r\n", []string{"|a", "|b"}},
		{"carriage returns", "data: a\r\rdata: b\r\r", []string{"|a", "|b"}},
		{"several lines", "data: a\ndata: b\ndata\ndata: c\n\n", []string{"|a\nb\n\nc"}},
		{"several lines, \\r\\n", "data: a\r\ndata: b\r\n\r\n", []string{"|a\nb"}},
		{"name", "event: error\ndata: a\n\ndata: b\n\n", []string{"error|a", "|b"}},
		{"name without data", "event: ping\n\ndata: b\n\n", []string{"|b"}},
		{"comments", ": PROCESSING\n\n:\ndata: a\n: b\n\n", []string{"|a"}},
		{"other fields", "id: 1\nretry: 9\nfoo: bar\nDATA: x\n data: y\ndata: a\n\n", []string{"|a"}},
		{"empty data", "data:\n\ndata\n\ndata: a\n\n", []string{"|", "|", "|a"}},
		{"no blank line at the end", "data: a\n\ndata: b\n", []string{"|a", "|b"}},
		{"no line end", "data: a\n\ndata: [DONE]", []string{"|a", "|[DONE]"}},
		{"byte order mark", "\ufeffdata: a\n\ndata: \ufeffb\n\n", []string{"|a", "|\ufeffb"}},
	} {
		for name, reader := range map[string]io.Reader{
			"at once": strings.NewReader(test.stream), "in bytes": iotest.OneByteReader(strings.NewReader(test.stream)),
			"with the end": iotest.DataErrReader(strings.NewReader(test.stream)),
		} {
			got, err := readEvents(reader)
			require.ErrorIs(t, err, io.EOF)
			assert.Equal(t, test.want, got, "%s, %s", test.name, name)
		}
	}
}

func TestEventsAreReturnedAsSoonAsTheyEnd(t *testing.T) {
	for _, lineEnd := range []string{"\n", "\r\n", "\r"} {
		reader, writer := io.Pipe()
		stream := newEvents(reader)
		go func() { _, _ = io.WriteString(writer, "data: a"+lineEnd+lineEnd) }()
		got, err := stream.next() // the stream is still open
		require.NoError(t, err)
		assert.Equal(t, "a", string(got.data))
		require.NoError(t, writer.Close())
	}
}

func TestSizeOfEventsIsLimited(t *testing.T) {
	for _, stream := range []string{
		"data: " + strings.Repeat("x", maxEvent),
		strings.Repeat("data: "+strings.Repeat("x", 1000)+"\n", 1100),
		": " + strings.Repeat("x", 2*maxEvent) + "\n",
	} {
		got, err := readEvents(strings.NewReader(stream))
		require.ErrorIs(t, err, errEventTooLarge)
		assert.Empty(t, got)
	}
	got, err := readEvents(strings.NewReader(strings.Repeat("data: "+strings.Repeat("x", 1000)+"\n\n", 2000)))
	require.ErrorIs(t, err, io.EOF)
	assert.Len(t, got, 2000)
}

func TestBrokenStreamIsAnError(t *testing.T) {
	broken := errors.New("connection reset")
	got, err := readEvents(io.MultiReader(strings.NewReader("data: a\n\ndata: b"), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	assert.Equal(t, []string{"|a"}, got, "an event that may be cut is not returned")
}
