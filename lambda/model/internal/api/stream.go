package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// Streaming configures a handler whose responses are streamed: see [Handler.Stream].
type Streaming struct {
	// Heartbeat is the time of silence after which a stream gets a comment, so that
	// nothing on the way ends the connection. It is also how long a stream waits for the
	// model before it begins: until then, an error has a status of its own.
	Heartbeat time.Duration

	// AnswerTimeout is the model's time for a response that isn't streamed.
	AnswerTimeout time.Duration
}

// streamMargin is the time from the end of a stream to the deadline of the invocation, in
// which the stream still gets the event with the error.
const streamMargin = 2 * time.Second

// maxStream limits the size of a stream, in bytes: Lambda's own limit is 200 MB.
const maxStream = 100_000_000

// stream passes a model's reply on as server-sent events. The model is called in one
// goroutine, and a second writes what comes of it: pieces, comments in silence, and the
// end. The stream has begun once there is something to write. An error before that is
// returned as any other; a later one is an event of the stream, which then lacks the mark of its
// end.
type stream struct {
	h *Handler
	e *exchange
	r *reader
	c chat.Conversation

	ctx    context.Context // of the invocation
	cancel context.CancelFunc

	pieces    chan chat.Delta
	ended     chan modelResult // of the call
	abandoned chan struct{}    // closed when no pieces are taken any more
	late      <-chan time.Time // when a call that ignores its deadline is abandoned
	stalled   *time.Timer      // closes a body that isn't read any more; nil without a deadline
	silence   *time.Timer

	head     chan *problem // gets the problem in place of a stream, or nil once the stream has begun
	begun    bool
	body     *io.PipeWriter
	chunks   chunks
	written  int
	tooLarge bool
}

// modelResult is the result of a call of the model.
type modelResult struct {
	completion chat.Completion
	err        error
}

// streamed has about a stream what the log and the metrics have.
type streamed struct {
	answered   bool          // whether there was a token
	firstToken time.Duration // since the request
	chunks     int
	cut        bool // by an error after it had begun
	left       bool // whether it could not be written to its end
}

// stream calls the model, and returns as soon as the stream has begun.
func (h *Handler) stream(ctx context.Context, e *exchange, r *reader, c chat.Conversation) (*result, *problem) {
	e.stream = &streamed{}
	e.call = &modelCall{model: c.Model}
	body, writer := io.Pipe()
	s := &stream{
		h: h, e: e, r: r, c: c, ctx: ctx, body: writer,
		pieces: make(chan chat.Delta), ended: make(chan modelResult, 1), abandoned: make(chan struct{}), head: make(chan *problem, 1),
		silence: time.NewTimer(h.Streaming.Heartbeat),
		chunks: chunks{
			id: completionID(e), model: c.Model, created: e.began.Unix(), version: h.provider.Describe(c.Model).Version, usage: r.stream.usage,
		},
	}
	bounded, cancel := h.withMargin(ctx)
	s.cancel = cancel
	if deadline, ok := bounded.Deadline(); ok {
		s.late = time.After(time.Until(deadline) + streamMargin/2)
		s.stalled = time.AfterFunc(time.Until(deadline)+h.margin()-streamMargin/4, func() { _ = body.Close() }) // which unblocks run
	}
	go s.call(bounded)
	go s.run()
	if problem := <-s.head; problem != nil {
		return nil, problem
	}
	return &result{contentType: eventStreamType, stream: body}, nil
}

const eventStreamType = "text/event-stream; charset=utf-8"

// call calls the model.
func (s *stream) call(ctx context.Context) {
	var out modelResult
	defer func() {
		if value := recover(); value != nil {
			out = modelResult{err: newPanicError(value)}
		}
		s.ended <- out
	}()
	out.completion, out.err = s.h.provider.Stream(ctx, s.c, s.emit)
}

var errAbandoned = errors.New("the stream has ended")

func (s *stream) emit(d chat.Delta) error {
	select {
	case s.pieces <- d:
		return nil
	case <-s.abandoned:
		return errAbandoned
	}
}

// run writes the stream to its end. The log and the metrics are written before the body
// ends: Lambda may freeze the process then.
func (s *stream) run() {
	began := s.h.now()
	defer s.close(began)
	for {
		select {
		case d := <-s.pieces:
			s.piece(d)
		case <-s.silence.C:
			s.write([]byte(keepAlive))
		case out := <-s.ended:
			s.end(out, began)
			return
		case <-s.late:
			s.end(modelResult{err: fmt.Errorf("%w: the backend ignores its deadline", chat.ErrTimeout)}, began)
			return
		}
	}
}

// close ends the body, with an error if run panicked.
func (s *stream) close(began time.Time) {
	defer func() { _ = s.body.Close() }()
	defer s.cancel()
	defer close(s.abandoned)
	s.silence.Stop()
	if s.stalled != nil {
		s.stalled.Stop()
	}
	if value := recover(); value != nil {
		s.end(modelResult{err: newPanicError(value)}, began)
	}
}

func (s *stream) piece(d chat.Delta) {
	text := s.chunks.piece(d)
	if len(text) == 0 {
		return
	}
	if stream := s.e.stream; !stream.answered {
		stream.answered, stream.firstToken = true, s.h.now().Sub(s.e.began)
	}
	s.write(text)
}

// write writes whole events. If the body is closed, the model's reply is read on for as
// long as the invocation lasts: it is paid, and its last event has the usage.
func (s *stream) write(text []byte) {
	s.begin()
	if s.written += len(text); s.written > s.h.maxStream && !s.tooLarge {
		s.tooLarge = true
		s.cancel()
	}
	if s.tooLarge || s.e.stream.left {
		return
	}
	s.send(text)
}

// begin has the head sent.
func (s *stream) begin() {
	if !s.begun {
		s.begun = true
		s.head <- nil
	}
}

func (s *stream) send(text []byte) {
	if _, err := s.body.Write(text); err != nil {
		s.e.stream.left = true
	}
	s.silence.Reset(s.h.Streaming.Heartbeat)
}

// end ends the stream, or returns the problem in its place if it has not begun.
func (s *stream) end(out modelResult, began time.Time) {
	e := s.e
	if s.begun && errors.Is(s.ctx.Err(), context.Canceled) && errors.Is(out.err, context.Canceled) {
		e.stream.left, out.err = true, nil // aws-lambda-go has ended the invocation, as nothing reads its body: the model has not failed
	}
	e.call.completion, e.call.duration, e.cause = out.completion, s.h.now().Sub(began), out.err
	s.h.settle(s.ctx, e)
	s.h.logContent(s.ctx, e, s.c)
	e.problem = s.problem(out)
	if e.problem != nil && !s.begun {
		s.head <- e.problem
		return
	}
	if e.problem != nil {
		e.stream.cut = true
		s.send(errorEvent(e.problem))
	} else {
		s.begin()
		s.send(s.chunks.end(out.completion)) // regardless of the limit: a stream that is whole says so
	}
	e.stream.chunks = s.chunks.count
	s.h.observe(s.ctx, e)
}

// problem returns the problem of a call, or nil if the reply is whole and has the form that
// the request asks for.
func (s *stream) problem(out modelResult) *problem {
	switch {
	case s.tooLarge:
		return newProblem(http.StatusUnprocessableEntity, codeAnswerTooLarge, fmt.Sprintf("The answer has more than %d bytes.", s.h.maxStream))
	case out.err != nil:
		return problemOf(s.r, out.err)
	}
	return s.r.checkFormat(s.c.Format.Type, out.completion)
}

// panicError is the error of a panic. It has nothing of the value unless that is the
// runtime's: the value may have a part of the conversation.
type panicError struct {
	reason string
	stack  string
}

func newPanicError(value any) *panicError {
	p := &panicError{reason: fmt.Sprintf("%T", value), stack: string(debug.Stack())}
	var known runtime.Error
	if err, ok := value.(error); ok && errors.As(err, &known) {
		p.reason = known.Error()
	}
	return p
}

// Error implements error.
func (p *panicError) Error() string { return "panic: " + p.reason + "\n" + p.stack }
