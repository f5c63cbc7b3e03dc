package openai

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// parameters fakes Parameter Store with one parameter.
type parameters struct {
	value string
	err   error
	reads int
}

func (p *parameters) GetParameter(_ context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	p.reads++
	if p.err != nil || aws.ToString(in.Name) != "/model/key" || !aws.ToBool(in.WithDecryption) {
		return nil, errors.Join(p.err, errors.New("no such parameter"))
	}
	return &ssm.GetParameterOutput{Parameter: &types.Parameter{Value: aws.String(p.value)}}, nil
}

func TestKeyIsReadOnce(t *testing.T) {
	s := &server{key: "sesame", answers: []answer{{200, completion}}}
	store := &parameters{value: "sesame\n"}
	provider := before(t, s)
	provider.Key = &Parameter{API: store, Name: "/model/key"}
	for range 3 {
		_, err := provider.Complete(t.Context(), hello)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, store.reads)
}

func TestReplacedKeyIsReadAgain(t *testing.T) {
	s := &server{key: "first", answers: []answer{{200, completion}}}
	store := &parameters{value: "first"}
	provider := before(t, s)
	provider.Key = &Parameter{API: store, Name: "/model/key"}
	require.NoError(t, provider.Ready(t.Context()))
	s.key, store.value = "second", "second"
	require.NoError(t, provider.Ready(t.Context()))
	assert.Equal(t, 2, store.reads)
	assert.Len(t, s.requests, 3)
}

func TestExpiredKeyIsReadAgain(t *testing.T) {
	store := &parameters{value: "first"}
	key := &Parameter{API: store, Name: "/model/key"}
	for range 2 {
		_, err := key.Get(t.Context(), "")
		require.NoError(t, err)
	}
	key.read = time.Now().Add(-keyTTL)
	_, err := key.Get(t.Context(), "")
	require.NoError(t, err)
	assert.Equal(t, 2, store.reads)
}

func TestRejectedKeyIsNotRetriedForever(t *testing.T) {
	s := &server{key: "sesame", answers: []answer{{200, completion}}}
	store := &parameters{value: "wrong"}
	provider := before(t, s)
	provider.Key = &Parameter{API: store, Name: "/model/key"}
	_, err := provider.Complete(t.Context(), hello)
	require.ErrorContains(t, err, "status 401")
	assert.NotContains(t, err.Error(), "wrong")
	assert.Len(t, s.requests, 1, "the same key is not sent twice")

	store.err = errors.New("AccessDeniedException")
	_, err = (&Parameter{API: store, Name: "/model/key"}).Get(t.Context(), "")
	require.ErrorContains(t, err, "read the key of the model's server")
}
