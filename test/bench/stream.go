package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/chatstream"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

const (
	streamRuns      = 200 // for each way, in turns
	streamPassRuns  = 100
	streamGapRuns   = 3
	streamWholeRuns = 20
	streamColdRuns  = 10
	streamTimeout   = time.Minute

	// streamLead is when a first token comes whose time is in the request: the request is at
	// the scripted model by then.
	streamLead = 250 * time.Millisecond
)

// The messages that are measured: the scripted model answers with so many tokens, at that
// pace.
const (
	streamShort = "Hello there, you [[pace 20ms]] [[tokens 3]]"
	streamPaced = "Hello there, you [[pace 100ms]] [[tokens 50]]"
	streamTimed = "Hello there, you [[at %d]] [[tokens 3]]"
	streamWhole = "Hello there, you [[pace 50ms]] [[tokens 20]]"
)

// Streams has the ways to an answer of one model.
type Streams struct {
	Viewer   chatstream.Target // through CloudFront and the stack
	Bedrock  string            // the endpoint of the sandbox's AWS, for Bedrock itself
	Model    string            // of Bedrock
	Scripted chatstream.Target // the scripted model, which completes Bedrock's conversations
	Name     string            // of the scripted model

	Function string // that streams
}

// way is a way to a streamed answer: it returns when each token arrived.
type way struct {
	name string
	ask  func(ctx context.Context, message string) ([]time.Duration, error)

	first  []float64 // ms since the request
	passed []float64 // ms since the scripted model sent it
	gaps   []float64 // ms
}

// Stream measures when tokens arrive through the stack, and from the backends themselves.
func Stream(ctx context.Context, s Streams, doing func(string)) ([]Row, error) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: streamTimeout}
	s.Viewer.Client, s.Scripted.Client = client, client
	bedrock := converse{endpoint: s.Bedrock, model: s.Model, client: client}
	ways := []*way{
		{name: "ours", ask: streamOf(s.Viewer, s.Model)},
		{name: "Bedrock itself", ask: bedrock.stream},
		{name: "scripted model itself", ask: streamOf(s.Scripted, s.Name)},
	}
	for _, w := range ways { // execution environments start, and a decision is cached
		if _, err := w.ask(ctx, streamShort); err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
	}
	if err := measureStreams(ctx, ways, doing); err != nil {
		return nil, err
	}
	if err := measurePassing(ctx, ways, doing); err != nil {
		return nil, err
	}
	doing("whole answers")
	first, last, whole, err := s.answers(ctx)
	if err != nil {
		return nil, err
	}
	doing("cold")
	cold, err := s.cold(ctx)
	if err != nil {
		return nil, err
	}
	return streamRows(ways, first, last, whole, cold), nil
}

// measureStreams sends the messages by each of the ways in turns, in another order each time.
func measureStreams(ctx context.Context, ways []*way, doing func(string)) error {
	for n := range streamRuns + streamGapRuns {
		if n%50 == 0 {
			doing(fmt.Sprintf("stream %d of %d", n, streamRuns+streamGapRuns))
		}
		for _, at := range rand.Perm(len(ways)) {
			w, message := ways[at], streamShort
			if n >= streamRuns {
				message = streamPaced
			}
			tokens, err := w.ask(ctx, message)
			if err == nil && len(tokens) == 0 {
				err = errors.New("no tokens")
			}
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			if n < streamRuns {
				w.first = append(w.first, milliseconds(tokens[0]))
				continue
			}
			for i := 1; i < len(tokens); i++ {
				w.gaps = append(w.gaps, milliseconds(tokens[i]-tokens[i-1]))
			}
		}
	}
	return nil
}

// measurePassing measures how long first tokens are under way: the request has the time at
// which the scripted model sends one.
func measurePassing(ctx context.Context, ways []*way, doing func(string)) error {
	for n := range streamPassRuns {
		if n%50 == 0 {
			doing(fmt.Sprintf("first token %d of %d", n, streamPassRuns))
		}
		for _, at := range rand.Perm(len(ways)) {
			w := ways[at]
			began := time.Now()
			sent := began.Add(streamLead).Truncate(time.Millisecond)
			tokens, err := w.ask(ctx, fmt.Sprintf(streamTimed, sent.UnixMilli()))
			if err == nil && len(tokens) == 0 {
				err = errors.New("no tokens")
			}
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			w.passed = append(w.passed, milliseconds(began.Add(tokens[0]).Sub(sent)))
		}
	}
	return nil
}

func streamOf(to chatstream.Target, model string) func(context.Context, string) ([]time.Duration, error) {
	return func(ctx context.Context, message string) ([]time.Duration, error) {
		a, err := to.WholeStream(ctx, chatstream.Request{Model: model, Message: message})
		var times []time.Duration
		for _, token := range a.Tokens {
			times = append(times, token.At)
		}
		return times, err
	}
}

// answers measures an answer of a second: its first and its last token if it is streamed, and
// the whole of it if it is not.
func (s Streams) answers(ctx context.Context) (first, last, whole []float64, err error) {
	r := chatstream.Request{Model: s.Model, Message: streamWhole}
	for range streamWholeRuns {
		a, err := s.Viewer.WholeStream(ctx, r)
		if err != nil {
			return nil, nil, nil, err
		}
		first, last = append(first, milliseconds(a.First())), append(last, milliseconds(a.Last()))
		began := time.Now()
		if _, _, err := s.Viewer.Complete(ctx, r); err != nil {
			return nil, nil, nil, err
		}
		whole = append(whole, milliseconds(time.Since(began)))
	}
	return first, last, whole, nil
}

// cold measures the first token when the function has no execution environment.
func (s Streams) cold(ctx context.Context) (first []float64, err error) {
	ask := streamOf(s.Viewer, s.Model)
	for range streamColdRuns {
		if _, err := (awsclient.Controls{Endpoint: s.Bedrock}).Kill(ctx, s.Function); err != nil {
			return nil, err
		}
		tokens, err := ask(ctx, streamShort)
		if err != nil {
			return nil, err
		}
		first = append(first, milliseconds(tokens[0]))
	}
	return first, nil
}

// The goals for a first token on its way from the scripted model to the viewer, in
// milliseconds.
const (
	passingGoal     = 15
	passingTailGoal = 50
)

func streamRows(ways []*way, first, last, whole, cold []float64) []Row {
	ours, bedrock := ways[0], ways[1]
	var rows []Row
	for _, share := range []struct {
		name string
		of   float64
		goal float64
	}{{"p50", 0.5, passingGoal}, {"p99", 0.99, passingTailGoal}} {
		passed, theirs := quantile(ours.passed, share.of), quantile(bedrock.passed, share.of)
		rows = append(rows,
			Row{Figure: "first token, since the model sent it, " + share.name, Unit: "ms", Ours: passed, Beside: bedrock.name, Theirs: theirs, Goal: atMost(share.goal)},
			Row{Figure: "the same, after Bedrock's own, " + share.name, Unit: "ms", Ours: passed - theirs})
	}
	for _, share := range []struct {
		name string
		of   float64
	}{{"p50", 0.5}, {"p99", 0.99}} {
		asked := quantile(ours.first, share.of)
		for _, beside := range ways[1:] {
			rows = append(rows, Row{
				Figure: "first token, since the request, " + share.name, Unit: "ms", Ours: asked, Beside: beside.name, Theirs: quantile(beside.first, share.of),
			})
		}
		rows = append(rows, Row{Figure: "the same, after Bedrock's own, " + share.name, Unit: "ms", Ours: asked - quantile(bedrock.first, share.of)})
	}
	for _, share := range []struct {
		name string
		of   float64
	}{{"p50", 0.5}, {"p99", 0.99}} {
		rows = append(rows, Row{
			Figure: "gap between two tokens, one each 100 ms, " + share.name, Unit: "ms", Ours: quantile(ours.gaps, share.of),
			Beside: bedrock.name, Theirs: quantile(bedrock.gaps, share.of),
		})
	}
	const notStreamed = "whole answer, not streamed"
	return append(rows,
		Row{Figure: "first of 20 tokens, one each 50 ms, p50", Unit: "ms", Ours: median(first), Beside: notStreamed, Theirs: median(whole)},
		Row{Figure: "last of them, p50", Unit: "ms", Ours: median(last), Beside: notStreamed, Theirs: median(whole)},
		Row{Figure: "first token, cold, p50", Unit: "ms", Ours: median(cold)},
	)
}
