package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/distribution/distributiontest"
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/keystoretest"
	"github.com/gatehouse-iac/gatehouse/internal/keystore/ssmstore"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

const (
	tick       = 5 * time.Minute
	deployTime = 4 * time.Minute
	apiURL     = "https://abcdef1234.execute-api.us-east-1.amazonaws.com"
	restURL    = "https://fedcba4321.execute-api.us-east-1.amazonaws.com"
	viewersURL = "https://d111111abcdef8.cloudfront.net"
)

var errLost = errors.New("connection reset by peer")

// world is an account with a stack in it, in a bubble of its own time: everything
// that rotators call, and what can go wrong there. At each call it looks whether
// every edge sends a key of the keyring.
type world struct {
	t        testing.TB
	store    *keystoretest.Fake
	front    *distributiontest.Fake
	said     *syncBuffer // all that rotators ever log or answer
	gate     *gateway
	switched bool // streaming is turned off and on

	mu      sync.Mutex
	calls   int
	hook    func(ctx context.Context, call int, operation string, after bool) error
	answers map[string]int // a status for all requests to a URL, instead of the true one
	probes  []probed
	secrets map[string]bool
}

// unnoticed marks the calls of the test itself.
type unnoticed struct{}

type probed struct{ url, path, value string }

// newWorld is the account right after an `up`: the keyring has a first key, and
// CloudFront is deploying it.
func newWorld(t testing.TB) *world {
	w := &world{t: t, said: &syncBuffer{}, secrets: map[string]bool{}, answers: map[string]int{}}
	w.store = &keystoretest.Fake{Now: time.Now, PageSize: 3, Before: w.before, After: w.after}
	w.gate = &gateway{world: w}
	first := w.first()
	w.front = distributiontest.New("EDFDVBD6EXAMPLE", configWith(first))
	w.front.Set(configWith(first))
	w.front.DeployTime, w.front.Edges, w.front.Before, w.front.After = deployTime, 4, w.before, w.after
	return w
}

// configWith returns a configuration that sends the value to both APIs.
func configWith(value string) string { return configOf(value, value) }

// configOf returns a configuration that sends a value to the HTTP API and another to the
// REST API.
func configOf(api, stream string) string {
	return `<DistributionConfig><CallerReference>1</CallerReference><Origins><Quantity>2</Quantity><Items>` +
		originOf("api", api) + originOf("stream", stream) + `</Items></Origins></DistributionConfig>`
}

func originOf(id, value string) string {
	return `<Origin><Id>` + id + `</Id><CustomHeaders><Quantity>1</Quantity><Items><OriginCustomHeader><HeaderName>` +
		testHeader + `</HeaderName><HeaderValue>` + value + `</HeaderValue></OriginCustomHeader></Items></CustomHeaders></Origin>`
}

// first has the rotator make the first key, and returns its value as an `up` reads it.
func (w *world) first() string {
	r := w.rotator()
	_, err := r.handle(w.t.Context(), json.RawMessage(firstCreate))
	require.NoError(w.t, err)
	ring, err := r.readKeyring(context.WithValue(w.t.Context(), unnoticed{}, true))
	require.NoError(w.t, err)
	newest, ok := ring.Newest()
	require.True(w.t, ok)
	return newest.Value.Reveal()
}

// rotator returns a cold rotator.
func (w *world) rotator() *rotator {
	r := &rotator{
		env:         testEnvironment,
		store:       ssmstore.New(w.store, testPath, testKMS),
		authorizers: w.gate.client(),
		http:        w,
		random:      rand.Reader,
		now:         wallClock,
		log:         slog.New(slog.NewJSONHandler(w.said, nil)),
		metrics:     w.said,
	}
	if w.front != nil {
		r.cloudFront = w.front.Client()
	}
	return r
}

func (w *world) before(ctx context.Context, operation string) error {
	if ctx.Value(unnoticed{}) != nil {
		return nil
	}
	w.mu.Lock()
	w.calls++
	call, hook := w.calls, w.hook
	w.mu.Unlock()
	w.check()
	if hook == nil {
		return nil
	}
	return hook(ctx, call, operation, false)
}

func (w *world) after(ctx context.Context, operation string) error {
	if ctx.Value(unnoticed{}) != nil {
		return nil
	}
	w.mu.Lock()
	call, hook := w.calls, w.hook
	w.mu.Unlock()
	w.check()
	if hook == nil {
		return nil
	}
	return hook(ctx, call, operation, true)
}

// keyring reads the keyring without anybody noticing.
func (w *world) ring() keyring.Keyring {
	w.mu.Lock()
	defer w.mu.Unlock()
	found, err := keystore.NewReader(ssmstore.NewLister(w.store), testPath).Read(context.WithValue(context.Background(), unnoticed{}, true))
	require.NoError(w.t, err)
	for _, key := range found.Keyring.Keys() {
		w.secrets[key.Value.Reveal()] = true
	}
	return found.Keyring
}

// check fails the test when an edge sends what an API refuses.
func (w *world) check() {
	if w.front == nil {
		return
	}
	ring := w.ring()
	for _, origin := range []string{"api", "stream"} {
		for edge, value := range w.front.Sent(origin, testHeader) {
			if w.switched && origin == "stream" && value == "" {
				continue // this edge has a configuration without that origin
			}
			_, ok := ring.Accepts(value)
			require.True(w.t, ok, "edge %d sends to %s a key that is not in the keyring %v", edge, origin, ring)
		}
	}
}

// Do responds to requests to the APIs and to the distribution.
func (w *world) Do(request *http.Request) (*http.Response, error) {
	url := "https://" + request.URL.Host
	if err := w.before(request.Context(), "GET "+url); err != nil {
		return nil, err
	}
	require.Equal(w.t, http.MethodGet, request.Method)
	path, origin := request.URL.Path, "api"
	if strings.HasSuffix(path, "/chat/healthz") {
		origin = "stream"
	}
	require.Contains(w.t, map[string][]string{
		apiURL:     {"/api/healthz"},
		restURL:    {"/live/api/chat/healthz"},
		viewersURL: {"/api/healthz", "/api/chat/healthz"},
	}[url], path)
	value := request.Header.Get(testHeader)
	w.mu.Lock()
	w.probes = append(w.probes, probed{url, path, value})
	status := cmp.Or(w.answers[url+path], w.answers[url])
	w.mu.Unlock()
	if url == viewersURL {
		value = w.front.Sent(origin, testHeader)[3]
	}
	if status == 0 {
		status = http.StatusForbidden
		if _, ok := w.ring().Accepts(value); ok {
			status = http.StatusOK
		}
	}
	if err := w.after(request.Context(), "GET "+url); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("you sent " + value))}, nil
}

// gateway is API Gateway's control plane behind its own HTTP interface: a client of the SDK
// talks to it.
type gateway struct {
	*world
	flushed []string // the APIs whose caches were flushed
}

// client returns a client that tries once.
func (g *gateway) client() *apigatewayv2.Client {
	return apigatewayv2.New(apigatewayv2.Options{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "SECRET", ""),
		HTTPClient:  g,
		Retryer:     aws.NopRetryer{},
	})
}

// Do implements [apigatewayv2.HTTPClient].
func (g *gateway) Do(request *http.Request) (*http.Response, error) {
	require.Equal(g.t, "apigateway.us-east-1.amazonaws.com", request.URL.Host)
	require.Contains(g.t, request.Header.Get("Authorization"), "/us-east-1/apigateway/aws4_request")
	found, ok := map[string]struct{ operation, api string }{
		"DELETE /v2/apis/abcdef1234/stages/%24default/cache/authorizers": {"ResetAuthorizersCache", "HTTP"},
		"DELETE /restapis/fedcba4321/stages/live/cache/authorizers":      {"FlushStageAuthorizersCache", "REST"},
	}[request.Method+" "+request.URL.EscapedPath()]
	if !ok {
		return gatewayError(http.StatusNotFound, "NotFoundException"), nil
	}
	err := g.before(request.Context(), found.operation)
	if err == nil {
		g.flushed = append(g.flushed, found.api)
		err = g.after(request.Context(), found.operation)
	}
	var apiError *smithy.GenericAPIError
	switch {
	case errors.As(err, &apiError):
		return gatewayError(http.StatusForbidden, apiError.Code), nil
	case err != nil:
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusAccepted, Header: http.Header{}, Body: http.NoBody}, nil
}

func gatewayError(status int, code string) *http.Response {
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"X-Amzn-Errortype": {code}, "Content-Type": {"application/json"}},
		Body:       io.NopCloser(strings.NewReader(`{"message":"` + code + ` of the test"}`)),
	}
}

// streaming are the fields of an event that name the REST API.
const streaming = `,"streamApiId":"fedcba4321","streamApiStage":"live","streamApiUrl":"` + restURL + `/live","streamOriginId":"stream"`

func eventOf(action string, more ...string) json.RawMessage {
	return eventOfOneAPI(action, append(more, streaming)...)
}

// eventOfOneAPI returns an event of a stack without the REST API.
func eventOfOneAPI(action string, more ...string) json.RawMessage {
	return json.RawMessage(`{"action":"` + action + `","distributionId":"EDFDVBD6EXAMPLE","distributionUrl":"` + viewersURL +
		`","originId":"api","apiId":"abcdef1234","apiUrl":"` + apiURL + `","apiStage":"$default"` + strings.Join(more, "") + `}`)
}

// send runs a rotator as Lambda does, with five minutes' time.
func (w *world) send(r *rotator, event json.RawMessage) (rotatorapi.Result, error) {
	ctx, cancel := context.WithTimeout(w.t.Context(), 5*time.Minute)
	defer cancel()
	result, err := r.handle(ctx, event)
	_, _ = fmt.Fprintf(w.said, "%v %+v %#v %v %+v %#v\n", result, result, result, err, err, err)
	got, _ := result.(rotatorapi.Result)
	if text, err := json.Marshal(result); assert.NoError(w.t, err) {
		_, _ = w.said.Write(text)
	}
	return got, err
}

// ticks lets the schedule run a rotator some times.
func (w *world) ticks(r *rotator, count int) {
	for range count {
		began := time.Now()
		_, _ = w.send(r, eventOf("tick"))
		time.Sleep(max(0, tick-time.Since(began)))
	}
}

// inUse returns the key that CloudFront's configuration has.
func (w *world) inUse() keyring.Name {
	name, _ := w.ring().Accepts(distributiontest.HeaderOf(w.front.Config(), "api", testHeader))
	return name
}

// requireSteady fails unless the keyring has one key, not the first, and every edge
// sends it.
func (w *world) requireSteady(msg ...any) {
	w.t.Helper()
	ring := w.ring()
	require.Equal(w.t, 1, ring.Len(), msg...)
	newest, _ := ring.Newest()
	require.False(w.t, newest.Name.IsFirst(), msg...)
	for _, origin := range []string{"api", "stream"} {
		for _, value := range w.front.Sent(origin, testHeader) {
			require.True(w.t, value == newest.Value.Reveal(), msg...)
		}
	}
}

// requireSilence fails when anything that was ever said has a secret in it.
func (w *world) requireSilence() {
	w.t.Helper()
	said := w.said.String()
	require.NotEmpty(w.t, w.secrets)
	for _, k := range w.probes {
		if k.value != "" {
			w.secrets[k.value] = true
		}
	}
	for secret := range w.secrets {
		require.False(w.t, strings.Contains(said, secret), "a value was said")
	}
}

// syncBuffer is a buffer that several rotators write to.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// slowList is a Parameter Store that lists changes some seconds late.
type slowList struct {
	*keystoretest.Fake
	lists []list
}

type list struct {
	at         time.Time
	parameters []types.Parameter
}

func (s *slowList) GetParametersByPath(ctx context.Context, in *ssm.GetParametersByPathInput, _ ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error) {
	out := &ssm.GetParametersByPathOutput{}
	for _, l := range s.lists {
		if len(out.Parameters) == 0 || time.Since(l.at) >= 5*time.Second {
			out.Parameters = l.parameters
		}
	}
	if out.Parameters != nil {
		return out, nil
	}
	return out, s.remember(ctx, in.Path, out)
}

// remember keeps the list as it is now.
func (s *slowList) remember(ctx context.Context, path *string, out *ssm.GetParametersByPathOutput) error {
	pages := ssm.NewGetParametersByPathPaginator(s.Fake, &ssm.GetParametersByPathInput{Path: path, MaxResults: aws.Int32(10), WithDecryption: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		out.Parameters = append(out.Parameters, page.Parameters...)
	}
	s.lists = append(s.lists, list{time.Now(), slices.Clone(out.Parameters)})
	return nil
}

func (s *slowList) PutParameter(ctx context.Context, in *ssm.PutParameterInput, options ...func(*ssm.Options)) (*ssm.PutParameterOutput, error) {
	out, err := s.Fake.PutParameter(ctx, in, options...)
	if err == nil {
		err = s.remember(ctx, aws.String(testPath), &ssm.GetParametersByPathOutput{})
	}
	return out, err
}

func (s *slowList) DeleteParameters(ctx context.Context, in *ssm.DeleteParametersInput, options ...func(*ssm.Options)) (*ssm.DeleteParametersOutput, error) {
	out, err := s.Fake.DeleteParameters(ctx, in, options...)
	if err == nil {
		err = s.remember(ctx, aws.String(testPath), &ssm.GetParametersByPathOutput{})
	}
	return out, err
}
