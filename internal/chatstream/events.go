package chatstream

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Event is an event of a stream (server-sent events), or a comment, which clients ignore.
type Event struct {
	Data    string
	Comment bool

	At   time.Duration // since the request began
	Read int           // the number of the read that completed it, from 1
}

// maxEvent bounds one event. The API's own are far smaller.
const maxEvent = 1 << 20

// reader reads events, and notes when each arrived.
type reader struct {
	body   io.Reader
	since  func() time.Duration
	buffer []byte
	reads  int
	at     time.Duration // of the last read
	ended  error
}

func newReader(body io.Reader, since func() time.Duration) *reader {
	return &reader{body: body, since: since}
}

// next returns the next event. It returns [io.EOF] after the last one, if the stream ended
// after a whole event, and [io.ErrUnexpectedEOF] if it ended within one.
func (r *reader) next() (Event, error) {
	for {
		block, found := r.cut()
		if found {
			event, err := parse(block)
			event.At, event.Read = r.at, r.reads
			return event, err
		}
		if err := r.fill(); err != nil {
			return Event{}, err
		}
	}
}

// cut takes a block off the buffer: the lines up to an empty one.
func (r *reader) cut() (block string, found bool) {
	at := bytes.Index(r.buffer, []byte("\n\n"))
	if at < 0 {
		return "", false
	}
	block = string(r.buffer[:at])
	r.buffer = r.buffer[at+2:]
	return block, true
}

// fill reads what has arrived.
func (r *reader) fill() error {
	switch {
	case errors.Is(r.ended, io.EOF) && len(r.buffer) > 0:
		return io.ErrUnexpectedEOF
	case r.ended != nil:
		return r.ended
	case len(r.buffer) > maxEvent:
		return fmt.Errorf("an event of more than %d bytes", maxEvent)
	}
	piece := make([]byte, 64<<10)
	n, err := r.body.Read(piece)
	if n > 0 {
		r.reads++
		r.at = r.since()
		r.buffer = append(r.buffer, piece[:n]...)
	}
	r.ended = err
	return nil
}

// parse parses a block. The API writes one line of data or of a comment in each, and nothing
// else that the format knows.
func parse(block string) (Event, error) {
	if comment, found := strings.CutPrefix(block, ":"); found && !strings.Contains(comment, "\n") {
		return Event{Data: strings.TrimPrefix(comment, " "), Comment: true}, nil
	}
	if data, found := strings.CutPrefix(block, "data: "); found && !strings.ContainsAny(data, "\r\n") {
		return Event{Data: data}, nil
	}
	return Event{}, fmt.Errorf("%q is neither a line of data nor a comment", block)
}
