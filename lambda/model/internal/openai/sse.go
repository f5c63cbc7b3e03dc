package openai

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// event is one event of a stream in the form of server-sent events.
type event struct {
	name string // empty for most
	data []byte
}

// maxEvent limits the size of an event, in bytes.
const maxEvent = 1 << 20

var errEventTooLarge = errors.New("the model's server: an event of the stream is too large")

// events reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html),
// but for ids and times of reconnection, which replies don't need.
type events struct {
	lines *bufio.Scanner
	event event
	any   bool // whether event has data
}

func newEvents(r io.Reader) *events {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	lines.Split(new(lineSplitter).split)
	return &events{lines: lines}
}

// next returns the next event, or [io.EOF] after the last. The event's data is valid until
// the next call. Unlike browsers, it returns an event that ends without a blank line: a
// server may leave it out at the end of the stream.
func (e *events) next() (event, error) {
	e.event, e.any = event{data: e.event.data[:0]}, false
	for e.lines.Scan() {
		line := e.lines.Bytes()
		switch {
		case len(line) > 0:
			e.add(line)
		case e.any:
			return e.event, nil
		default:
			e.event.name = "" // of an event without data, which is none
		}
		if len(e.event.data) > maxEvent {
			return event{}, errEventTooLarge
		}
	}
	switch err := e.lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return event{}, errEventTooLarge
	case err != nil:
		return event{}, err
	case e.any:
		return e.event, nil
	}
	return event{}, io.EOF
}

// add adds a line: a field, with or without a value, or a comment, whose field has no name.
func (e *events) add(line []byte) {
	field, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(field) {
	case "event":
		e.event.name = string(value)
	case "data":
		if e.any {
			e.event.data = append(e.event.data, '\n')
		}
		e.event.data, e.any = append(e.event.data, value...), true
	}
}

// lineSplitter splits lines that end with a carriage return, a line feed or both. It
// returns a line that ends with a carriage return at once: the next character may be long
// in coming.
type lineSplitter struct{ began, skipLineFeed bool }

var byteOrderMark = []byte("\ufeff")

func (s *lineSplitter) split(data []byte, atEnd bool) (int, []byte, error) {
	skip := 0
	if s.skipLineFeed && len(data) > 0 {
		s.skipLineFeed = false
		if data[0] == '\n' {
			skip = 1
		}
	}
	end := bytes.IndexAny(data[skip:], "\r\n")
	switch {
	case end < 0 && (!atEnd || len(data) == skip):
		return skip, nil, nil
	case end < 0:
		return len(data), s.first(data[skip:]), nil
	}
	end += skip
	s.skipLineFeed = data[end] == '\r'
	return end + 1, s.first(data[skip:end]), nil
}

// first removes a byte order mark from the first line.
func (s *lineSplitter) first(line []byte) []byte {
	if s.began {
		return line
	}
	s.began = true
	return bytes.TrimPrefix(line, byteOrderMark)
}
