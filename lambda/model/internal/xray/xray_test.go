package xray

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

const header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:0"

type provider struct {
	chat.Provider
	err error
}

func (p provider) Complete(context.Context, chat.Conversation) (chat.Completion, error) {
	time.Sleep(time.Millisecond)
	return chat.Completion{Version: "v1"}, p.err
}

func (p provider) Stream(context.Context, chat.Conversation, func(chat.Delta) error) (chat.Completion, error) {
	time.Sleep(time.Millisecond)
	return chat.Completion{Version: "v1"}, p.err
}

func (p provider) Embed(context.Context, chat.EmbeddingRequest) (chat.Embeddings, error) {
	time.Sleep(time.Millisecond)
	return chat.Embeddings{InputTokens: 3}, p.err
}

// traced returns a context as aws-lambda-go creates it.
func traced(t *testing.T, header any) context.Context {
	t.Helper()
	//lint:ignore SA1029 that library's key is a string
	return context.WithValue(t.Context(), traceKey, header)
}

// daemon receives what is sent to X-Ray.
func daemon(t *testing.T) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func complete(t *testing.T, conn net.PacketConn, header any, failure error) {
	t.Helper()
	p, err := New(provider{err: failure}, "bedrock", conn.LocalAddr().String())
	require.NoError(t, err)
	done, err := p.Complete(traced(t, header), chat.Conversation{})
	require.Equal(t, failure, err)
	assert.Equal(t, "v1", done.Version)
}

func TestEachCompletionIsASubsegment(t *testing.T) {
	for _, test := range []struct {
		err                      error
		errored, throttle, fault bool
	}{
		{nil, false, false, false},
		{fmt.Errorf("%w: quota", chat.ErrBusy), true, true, false},
		{chat.ErrRejected, true, false, false},
		{chat.ErrTimeout, false, false, true},
		{errors.New("other"), false, false, true},
	} {
		conn := daemon(t)
		complete(t, conn, header, test.err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
		packet := make([]byte, 64<<10)
		n, _, err := conn.ReadFrom(packet)
		require.NoError(t, err)
		lines := bufio.NewScanner(bytes.NewReader(packet[:n]))
		require.True(t, lines.Scan())
		assert.JSONEq(t, `{"format": "json", "version": 1}`, lines.Text())
		require.True(t, lines.Scan())
		var s subsegment
		require.NoError(t, json.Unmarshal(lines.Bytes(), &s))
		assert.Regexp(t, `^[0-9a-f]{16}$`, s.ID)
		assert.Greater(t, s.EndTime, s.StartTime)
		assert.InDelta(t, float64(time.Now().Unix()), s.EndTime, 5)
		s.ID, s.StartTime, s.EndTime = "", 0, 0
		assert.Equal(t, subsegment{
			Name: "bedrock", TraceID: "1-5759e988-bd862e3fe1be46a994272793", ParentID: "53995c3f42cd8ad8", Type: "subsegment", Namespace: "remote",
			Error: test.errored, Throttle: test.throttle, Fault: test.fault,
		}, s)
	}
}

func TestStreamsAndEmbeddingsAreSubsegments(t *testing.T) {
	conn := daemon(t)
	p, err := New(provider{}, "bedrock", conn.LocalAddr().String())
	require.NoError(t, err)
	done, err := p.Stream(traced(t, header), chat.Conversation{}, nil)
	require.NoError(t, err)
	assert.Equal(t, "v1", done.Version)
	made, err := p.Embed(traced(t, header), chat.EmbeddingRequest{})
	require.NoError(t, err)
	assert.Equal(t, 3, made.InputTokens)
	for range 2 {
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
		packet := make([]byte, 64<<10)
		n, _, err := conn.ReadFrom(packet)
		require.NoError(t, err)
		assert.Contains(t, string(packet[:n]), "1-5759e988-bd862e3fe1be46a994272793")
	}
}

func TestUnsampledTraceIsNotSent(t *testing.T) {
	for _, other := range []any{nil, "", "Root=1-2;Parent=3;Sampled=0", "Root=1-2;Sampled=1", "=;;Sampled", 7} {
		_, sampled := traceOf(traced(t, other))
		assert.False(t, sampled, "%v", other)
	}
}

func TestMissingDaemonIsIgnored(t *testing.T) {
	conn := daemon(t)
	require.NoError(t, conn.Close())
	complete(t, conn, header, nil)
	complete(t, conn, header, nil)
}
