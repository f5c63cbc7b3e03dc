package bench

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestStreamRows(t *testing.T) {
	ways := []*way{
		{name: "ours", first: []float64{30, 31, 90}, passed: []float64{9, 10, 70}, gaps: []float64{100, 101, 120}},
		{name: "Bedrock itself", first: []float64{22, 23, 24}, passed: []float64{2, 2, 4}, gaps: []float64{100, 100, 110}},
		{name: "scripted model itself", first: []float64{20, 20, 21}},
	}
	compareFigures(t, streamRows(ways, []float64{70}, []float64{1050}, []float64{1060}, []float64{150}), `first token, since the model sent it, p50; 10 ms; 2 ms (Bedrock itself); ≤ 15, met
the same, after Bedrock's own, p50; 8 ms; ; 
first token, since the model sent it, p99; 70 ms; 4 ms (Bedrock itself); ≤ 50, MISSED
the same, after Bedrock's own, p99; 66 ms; ; 
first token, since the request, p50; 31 ms; 23 ms (Bedrock itself); 
first token, since the request, p50; 31 ms; 20 ms (scripted model itself); 
the same, after Bedrock's own, p50; 8 ms; ; 
first token, since the request, p99; 90 ms; 24 ms (Bedrock itself); 
first token, since the request, p99; 90 ms; 21 ms (scripted model itself); 
the same, after Bedrock's own, p99; 66 ms; ; 
gap between two tokens, one each 100 ms, p50; 101 ms; 100 ms (Bedrock itself); 
gap between two tokens, one each 100 ms, p99; 120 ms; 110 ms (Bedrock itself); 
first of 20 tokens, one each 50 ms, p50; 70 ms; 1 060 ms (whole answer, not streamed); 
last of them, p50; 1 050 ms; 1 060 ms (whole answer, not streamed); 
first token, cold, p50; 150 ms; ; `)
}

func TestDeltas(t *testing.T) {
	const stream = "..:event-type messageStart..:event-type contentBlockDelta{}..:event-type contentBlockDelta{}..:event-type metadata{}"
	now := time.Duration(0)
	since := func() time.Duration { now++; return now }
	times, err := deltas(strings.NewReader(stream), since)
	if err != nil || len(times) != 2 || times[0] != times[1] {
		t.Errorf("%v, %v", times, err)
	}
	times, err = deltas(iotest.OneByteReader(strings.NewReader(stream)), since)
	if err != nil || len(times) != 2 || times[0] == times[1] {
		t.Errorf("byte by byte: %v, %v", times, err)
	}
	cut, _, _ := strings.Cut(stream, "metadata")
	if _, err := deltas(strings.NewReader(cut), since); err == nil {
		t.Error("a stream that is cut passed")
	}
	broken := errors.New("reset")
	if _, err := deltas(io.MultiReader(strings.NewReader(stream), iotest.ErrReader(broken)), since); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}
