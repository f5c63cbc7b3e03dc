package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// connection speaks the DevTools Protocol over two pipes: JSON messages, each of which ends
// with a zero byte. https://chromedevtools.github.io/devtools-protocol/
type connection struct {
	to      io.Writer
	sending sync.Mutex

	mu      sync.Mutex
	last    int
	pending map[int]chan message
	events  func(method string, params json.RawMessage)
	ended   error // set when the browser has closed the pipe
}

// message is a command, its result, or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// connect returns a connection, which calls events with each event.
func connect(to io.Writer, from io.Reader, events func(string, json.RawMessage)) *connection {
	c := &connection{to: to, pending: map[int]chan message{}, events: events}
	go c.read(from)
	return c
}

func (c *connection) read(from io.Reader) {
	lines := bufio.NewReader(from)
	for {
		text, err := lines.ReadBytes(0)
		if err != nil {
			c.end(fmt.Errorf("the browser ended: %w", err))
			return
		}
		var m message
		if err := json.Unmarshal(text[:len(text)-1], &m); err != nil {
			c.end(fmt.Errorf("the browser sent no JSON: %w", err))
			return
		}
		if m.ID == 0 {
			c.events(m.Method, m.Params)
			continue
		}
		c.mu.Lock()
		waiting := c.pending[m.ID]
		delete(c.pending, m.ID)
		c.mu.Unlock()
		if waiting != nil {
			waiting <- m
		}
	}
}

// end fails all commands, those under way and later ones.
func (c *connection) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = err
	for id, waiting := range c.pending {
		close(waiting)
		delete(c.pending, id)
	}
}

// call sends a command of a session, which is empty for the browser itself, and decodes its
// result into result unless that is nil.
func (c *connection) call(ctx context.Context, session, method string, params, result any) error {
	encoded, err := json.Marshal(params)
	if err != nil {
		return err
	}
	id, waiting, err := c.register()
	if err != nil {
		return err
	}
	if err := c.send(message{ID: id, Method: method, Session: session, Params: encoded}); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, context.Cause(ctx))
	case m, ok := <-waiting:
		switch {
		case !ok:
			return errors.New(method + ": the browser ended")
		case m.Error != nil:
			return fmt.Errorf("%s: %s", method, m.Error.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(m.Result, result)
	}
}

func (c *connection) register() (id int, waiting chan message, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return 0, nil, c.ended
	}
	c.last++
	waiting = make(chan message, 1)
	c.pending[c.last] = waiting
	return c.last, waiting, nil
}

func (c *connection) send(m message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	c.sending.Lock()
	defer c.sending.Unlock()
	_, err = c.to.Write(append(text, 0))
	return err
}
