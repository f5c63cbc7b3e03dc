package scriptedmodel

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// directives tell the server how to reply. They are in double brackets in the last message
// of the user, and no part of any text that the server sees: [[pace 100ms]] and so on.
type directives struct {
	pace     *time.Duration // between two tokens
	silence  time.Duration  // before the first token
	at       time.Time      // of the first token; zero for none
	tokens   int            // of the text; 0 for the one that the server makes
	status   int            // of a response that is an error; 0 for none
	fail     *int           // tokens after which the reply fails
	failCode string         // of that error
	cut      *int           // tokens after which the connection is cut
	hang     *int           // tokens after which nothing comes any more
}

// failure is the code of an error that no directive names.
const failure = "server_error"

var directive = regexp.MustCompile(`\s*\[\[(pace|silence|at|tokens|status|fail after|cut after|hang after) ([^\]\s]+)(?: with ([a-z_]+))?\]\]`)

// takeDirectives removes the directives from the messages, and keeps those of the user's
// last one.
func (q *request) takeDirectives() error {
	last := q.lastOfUser()
	for i := range q.Messages {
		for j := range q.Messages[i].Content {
			text := &q.Messages[i].Content[j].Text
			all := directive.FindAllStringSubmatch(*text, -1)
			for _, found := range all {
				if i != last {
					continue
				}
				if err := q.directives.set(found[1], found[2], found[3]); err != nil {
					return refuse("messages", "invalid_directive", "Invalid directive '%s': %v.", strings.TrimSpace(found[0]), err)
				}
			}
			if len(all) > 0 {
				*text = strings.TrimSpace(directive.ReplaceAllString(*text, ""))
			}
		}
	}
	return nil
}

func (d *directives) set(name, value, code string) (err error) {
	switch name {
	case "pace":
		var pace time.Duration
		pace, err = time.ParseDuration(value)
		d.pace = &pace
	case "silence":
		d.silence, err = time.ParseDuration(value)
	case "at":
		var milliseconds int64
		milliseconds, err = strconv.ParseInt(value, 10, 64)
		d.at = time.UnixMilli(milliseconds)
	case "tokens":
		d.tokens, err = strconv.Atoi(value)
	case "status":
		d.status, err = strconv.Atoi(value)
	case "fail after":
		d.fail, d.failCode = new(int), code
		*d.fail, err = strconv.Atoi(value)
	case "cut after":
		d.cut = new(int)
		*d.cut, err = strconv.Atoi(value)
	case "hang after":
		d.hang = new(int)
		*d.hang, err = strconv.Atoi(value)
	}
	if d.failCode == "" {
		d.failCode = failure
	}
	return err
}

// untilFirst returns how long to wait before the first token.
func (d *directives) untilFirst() time.Duration {
	if d.at.IsZero() {
		return d.silence
	}
	return max(d.silence, time.Until(d.at))
}

// text returns the text of as many tokens as a directive demands.
func (d *directives) text() []string {
	all := make([]string, d.tokens)
	for i := range all {
		all[i] = " " + strconv.Itoa(i+1)
	}
	if len(all) > 0 {
		all[0] = "1"
	}
	return all
}

// refusal returns the error that a directive demands in place of a reply.
func (d *directives) refusal() *refusal {
	code := failure
	if d.status == http.StatusTooManyRequests {
		code = "rate_limit_exceeded"
	}
	return &refusal{d.status, "A directive demands this error.", "", code}
}

// failed is the error in the middle of a reply.
func (d *directives) failed() map[string]any {
	return map[string]any{"error": map[string]any{
		"message": "A directive demands this error.", "type": failure, "param": nil, "code": d.failCode,
	}}
}

// before is called before the token with that index, or before the end if there is no such
// token. It reports whether to go on; if a directive demands an error, fail sends it. It
// does not return where the connection is cut.
func (d *directives) before(ctx context.Context, index int, fail func()) bool {
	switch {
	case d.fail != nil && index >= *d.fail:
		fail()
		return false
	case d.cut != nil && index >= *d.cut:
		panic(http.ErrAbortHandler)
	case d.hang != nil && index >= *d.hang:
		<-ctx.Done()
		return false
	}
	return true
}

// wait waits, and reports whether the client is still there.
func wait(ctx context.Context, duration time.Duration) bool {
	if duration <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(duration):
		return true
	}
}
