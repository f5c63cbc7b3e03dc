package api

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo/dynamotest"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/admission"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// testPrices are those of the models of [newSetup].
var testPrices = map[string]string{testModel: "0.035/0.14", otherModel: "0.06/0.24", embeddingModel: "0.02/0"}

// noon is the time of the tests with clients.
var noon = time.Date(2026, 11, 28, 12, 0, 30, 0, time.UTC)

// clientSetup is a handler with clients, of which acme has the key.
type clientSetup struct {
	*setup
	table *dynamotest.Table
	key   credential.Key
	time  time.Time
}

// keyOf returns the key of a number.
func keyOf(number byte) credential.Key {
	return credential.New([credential.RandomSize]byte{0: 77, 31: number})
}

// acme is the policy of the client in the tests, whose only key is that of the number 1.
func acme() client.Policy {
	return client.Policy{
		Revision: 1, Enabled: true, Keys: []string{keyOf(1).Digest().ID()}, PerMinute: 60, AtOnce: 10,
		Budget: client.Budget{Limit: int64(price.Dollar), Unit: client.Dollars, Period: client.Month},
	}
}

func newClientSetup(t testing.TB, policy client.Policy, options ...func(*admission.Config)) *clientSetup {
	t.Helper()
	s := &clientSetup{setup: newSetup(), table: dynamotest.New(), key: keyOf(1), time: noon}
	s.addKey(s.key, "acme", time.Time{})
	s.table.Put(client.NewItem("acme", policy))
	s.admit(t, options...)
	return s
}

// admit gives the handler an admission of its own, as another copy of the function has.
func (s *clientSetup) admit(t testing.TB, options ...func(*admission.Config)) {
	t.Helper()
	prices, err := price.ParseTable(testPrices)
	require.NoError(t, err)
	store := clientstore.Store{Table: s.table}
	config := admission.Config{Store: store, Settler: store, Prices: prices, UsageDays: 400, Now: func() time.Time { return s.time }}
	for _, option := range options {
		option(&config)
	}
	s.Admission, err = admission.New(config, s.Limits.Models)
	require.NoError(t, err)
	s.paths = s.routes()
}

func migrating(c *admission.Config) { c.Anonymous = true }

func (s *clientSetup) addKey(key credential.Key, name string, expires time.Time) {
	identity := clientstore.Identity{Client: name, ID: key.Digest().ID(), Expires: expires}
	s.table.Put(clientstore.KeyItem(key.Digest(), identity, noon))
}

// set replaces the policy of acme, as the operator does: the counters stay.
func (s *clientSetup) set(t testing.TB, change func(*client.Policy)) {
	t.Helper()
	item, err := s.table.GetItem(t.Context(), client.Key("acme"))
	require.NoError(t, err)
	record, err := client.ParseItem(item)
	require.NoError(t, err)
	revision := record.Revision
	change(&record.Policy)
	record.Revision = revision + 1
	for _, name := range client.PolicyAttributes() {
		delete(item, name)
	}
	maps.Copy(item, record.Attributes())
	s.table.Put(item)
}

// record returns the client's record in the table.
func (s *clientSetup) record(t testing.TB, name string) client.Record {
	t.Helper()
	record, found, err := clientstore.Store{Table: s.table}.Client(context.WithoutCancel(t.Context()), name)
	require.NoError(t, err)
	require.True(t, found)
	return record
}

// used returns what is used and held of acme's budget.
func (s *clientSetup) used(t testing.TB) int64 {
	t.Helper()
	record := s.record(t, "acme")
	return record.Used[record.Budget.Counter(s.time)]
}

func (s *clientSetup) rows(t testing.TB) []clientstore.Row {
	t.Helper()
	rows, err := clientstore.Store{Table: s.table}.Usage(context.WithoutCancel(t.Context()), "acme", s.time.AddDate(0, 0, -1), s.time)
	require.NoError(t, err)
	return rows
}

// keyed returns an event with a key, as CloudFront sends it.
func keyed(key credential.Key, e event) event {
	e.Headers = maps.Clone(e.Headers)
	e.Headers[credential.Header] = key.Reveal()
	return e
}

func withHeaders(e event, pairs ...string) event {
	e.Headers = maps.Clone(e.Headers)
	for i := 0; i < len(pairs); i += 2 {
		e.Headers[pairs[i]] = pairs[i+1]
	}
	return e
}

func get(path string) event { return request(http.MethodGet, path, "") }

// hold is the amount held for the request hello of POST /models: 5 bytes and 80 more tokens,
// and the most tokens of output.
var hold = func() int64 {
	p, _ := price.ParsePrice("0.035/0.14")
	return int64(p.Most(64+16+len("Hello"), testMaxTokens))
}()

// paid is the cost of the fake's reply.
var paid = func() int64 {
	p, _ := price.ParsePrice("0.035/0.14")
	return int64(p.Cost(price.Usage{Input: 3, Output: 4}))
}()

// challengeOf is the header WWW-Authenticate with an error.
func challengeOf(code string) string { return `Bearer realm="gatehouse", error="` + code + `"` }

// TestAdmission has every row of the decision table that the function decides. None but the
// last one calls the model.
func TestAdmission(t *testing.T) {
	good := keyOf(1)
	cut := good.Reveal()[:credential.Length-1] + "_"
	mistyped := good.Reveal()[:credential.Length-1] + "!"
	wrongSum := []byte(good.Reveal())
	wrongSum[credential.Length-1] ^= 1
	for _, test := range []struct {
		title     string
		policy    func(*client.Policy)
		prepare   func(*clientSetup)
		event     event
		status    int
		code      string
		errorType string
		headers   map[string]string
		detail    string
		reads     int // of the table
		writes    int
	}{
		{
			title: "no credential", event: post(hello),
			status: 401, code: codeMissingCredential, errorType: "authentication_error", headers: map[string]string{"www-authenticate": `Bearer realm="gatehouse"`},
		},
		{
			title: "several keys", event: withHeaders(post(hello), "authorization", "Bearer "+good.Reveal()+",Bearer "+keyOf(2).Reveal()),
			status: 400, code: codeSeveralCredentials, errorType: "invalid_request_error", headers: map[string]string{"www-authenticate": challengeOf("invalid_request")},
		},
		{
			title: "key of another API", event: withHeaders(post(hello), "authorization", "Bearer sk-proj-any"),
			status: 401, code: codeInvalidKey, errorType: "authentication_error", headers: map[string]string{"www-authenticate": challengeOf("invalid_token")}, detail: "begin with sk-gth_",
		},
		{
			title: "another scheme", event: withHeaders(post(hello), "authorization", "Basic dTpw"),
			status: 401, code: codeInvalidKey, errorType: "authentication_error", headers: map[string]string{"www-authenticate": challengeOf("invalid_token")},
		},
		{
			title: "not of the form", event: withHeaders(post(hello), credential.Header, cut),
			status: 401, code: codeInvalidKey, errorType: "authentication_error", headers: map[string]string{"www-authenticate": challengeOf("invalid_token")},
		},
		{
			title: "a character that no key has", event: withHeaders(post(hello), "x-api-key", mistyped),
			status: 401, code: codeInvalidKey, errorType: "authentication_error", headers: map[string]string{"www-authenticate": challengeOf("invalid_token")},
		},
		{
			title: "wrong checksum", event: withHeaders(post(hello), "x-api-key", string(wrongSum)),
			status: 401, code: codeInvalidKey, errorType: "authentication_error", headers: map[string]string{"www-authenticate": challengeOf("invalid_token")}, detail: "mistyped or cut off",
		},
		{
			title: "unknown key", event: keyed(keyOf(9), post(hello)), reads: 1,
			status: 401, code: codeInvalidKey, errorType: "authentication_error", headers: map[string]string{"www-authenticate": challengeOf("invalid_token")}, detail: notValid,
		},
		{
			title: "key taken off", policy: func(p *client.Policy) { p.Keys = nil }, event: keyed(good, post(hello)), reads: 3,
			status: 401, code: codeInvalidKey, errorType: "authentication_error", headers: map[string]string{"www-authenticate": challengeOf("invalid_token")}, detail: notValid,
		},
		{
			title: "client deleted", prepare: func(s *clientSetup) { s.addKey(keyOf(3), "gone", time.Time{}) }, event: keyed(keyOf(3), post(hello)), reads: 2,
			status: 401, code: codeInvalidKey, errorType: "authentication_error", headers: map[string]string{"www-authenticate": challengeOf("invalid_token")}, detail: notValid,
		},
		{
			title: "key past its end", policy: func(p *client.Policy) { p.Keys = append(p.Keys, keyOf(2).Digest().ID()) },
			prepare: func(s *clientSetup) { s.addKey(keyOf(2), "acme", noon) }, event: keyed(keyOf(2), post(hello)), reads: 3,
			status: 401, code: codeInvalidKey, errorType: "authentication_error", headers: map[string]string{"www-authenticate": challengeOf("invalid_token")}, detail: "ended on 2026-11-28 12:00:30 UTC",
		},
		{
			title: "client past its end", policy: func(p *client.Policy) { p.Expires = noon.Add(-time.Hour) }, event: keyed(good, post(hello)), reads: 3,
			status: 401, code: codeInvalidKey, errorType: "authentication_error", headers: map[string]string{"www-authenticate": challengeOf("invalid_token")}, detail: "ended on 2026-11-28 11:00:30 UTC",
		},
		{
			title: "client suspended", policy: func(p *client.Policy) { p.Enabled = false }, event: keyed(good, post(hello)), reads: 3,
			status: 403, code: codeSuspended, errorType: "permission_error", headers: map[string]string{"www-authenticate": challengeOf("insufficient_scope")},
		},
		{
			title: "model not allowed", policy: func(p *client.Policy) { p.Models = []string{otherModel} }, event: keyed(good, postChat(helloChat)), reads: 3,
			status: 404, code: codeModelNotFound, errorType: "invalid_request_error",
		},
		{
			title: "no such model", event: keyed(good, postChat(strings.Replace(helloChat, testModel, "gpt", 1))), reads: 2,
			status: 404, code: codeModelNotFound, errorType: "invalid_request_error",
		},
		{
			title: "minute", policy: func(p *client.Policy) { p.PerMinute = 2 },
			prepare: func(s *clientSetup) { s.count(t, client.Minute(noon), 2) }, event: keyed(good, post(hello)), reads: 2, writes: 1,
			status: 429, code: codeRateExceeded, errorType: "rate_limit_error",
			headers: map[string]string{rateLimitHeader: "2", rateRemainingHeader: "0", rateResetHeader: "30s"},
		},
		{
			title: "at once", policy: func(p *client.Policy) { p.AtOnce = 1 },
			prepare: func(s *clientSetup) { s.holdAnother(t, 1) }, event: keyed(good, post(hello)), reads: 2, writes: 1,
			status: 429, code: codeTooManyAtOnce, errorType: "rate_limit_error", headers: map[string]string{"retry-after": "2"},
		},
		{
			title: "held", prepare: func(s *clientSetup) { s.holdAnother(t, int64(price.Dollar)-hold+1) }, event: keyed(good, post(hello)), reads: 2, writes: 1,
			status: 429, code: codeBudgetInUse, errorType: "rate_limit_error", headers: map[string]string{"retry-after": "5"}, detail: "It would fit with max_tokens of at most 99.",
		},
		{
			title: "used up", prepare: func(s *clientSetup) { s.use(t, int64(price.Dollar)) }, event: keyed(good, post(hello)), reads: 2, writes: 1,
			status: 429, code: codeBudgetSpent, errorType: "insufficient_quota",
			headers: map[string]string{"x-should-retry": "false", "retry-after": strconv.Itoa(2*86400 + 43200 - 30)}, detail: "The budget begins anew on 2026-12-01 00:00:00 UTC.",
		},
		{
			title: "table away", prepare: func(s *clientSetup) {
				s.table.Before = func(string) error { return errors.New("no connection") }
			}, event: keyed(good, post(hello)),
			status: 503, code: codeClientsUnavailable, errorType: "server_error", headers: map[string]string{"retry-after": "5"},
		},
		{
			title: "no writes", prepare: func(s *clientSetup) {
				s.table.Before = func(operation string) error {
					if operation == dynamotest.UpdateItem {
						return errors.New("no connection")
					}
					return nil
				}
			}, event: keyed(good, post(hello)), reads: 2,
			status: 503, code: codeClientsUnavailable, errorType: "server_error", headers: map[string]string{"retry-after": "5"},
		},
		{title: "good", event: keyed(good, post(hello)), status: 200, reads: 2, writes: 3},
		{title: "good, straight to the API", event: withHeaders(post(hello), "authorization", "bearer  "+good.Reveal()), status: 200, reads: 2, writes: 3},
		{
			title: "good, beside another API's key", event: withHeaders(post(hello), "authorization", "Bearer any", "x-api-key", good.Reveal()),
			status: 200, reads: 2, writes: 3,
		},
	} {
		t.Run(test.title, func(t *testing.T) {
			policy := acme()
			if test.policy != nil {
				test.policy(&policy)
			}
			s := newClientSetup(t, policy)
			if test.prepare != nil {
				test.prepare(s)
			}
			reads, writes := s.table.Calls(dynamotest.GetItem), s.table.Calls(dynamotest.UpdateItem)
			r := s.do(t, test.event)
			s.table.Before = nil
			require.Equal(t, test.status, r.StatusCode, r.Body)
			assert.Equal(t, test.reads, s.table.Calls(dynamotest.GetItem)-reads, "reads")
			assert.Equal(t, test.writes, s.table.Calls(dynamotest.UpdateItem)-writes, "writes")
			for name, value := range test.headers {
				assert.Equal(t, value, r.Headers[name], name)
			}
			if test.status == http.StatusOK {
				assert.Len(t, s.fake.calls, 1)
				return
			}
			assert.Empty(t, s.fake.calls)
			p := problemIn(t, r)
			assert.Equal(t, test.code, p.Code)
			assert.Equal(t, test.errorType, p.Error.Type)
			assert.Contains(t, p.Detail, test.detail)
			if test.code == codeRateExceeded {
				wait, err := strconv.Atoi(r.Headers["retry-after"])
				require.NoError(t, err)
				assert.GreaterOrEqual(t, wait, 30)
				assert.LessOrEqual(t, wait, 40)
			}
			assert.Len(t, s.record(t, "acme").Holds, strings.Count(test.title, "at once")+strings.Count(test.title, "held"))
		})
	}
}

// count sets a counter of acme.
func (s *clientSetup) count(t testing.TB, name string, n int64) {
	t.Helper()
	item, err := s.table.GetItem(t.Context(), client.Key("acme"))
	require.NoError(t, err)
	item[name] = dynamo.Number(n)
	s.table.Put(item)
}

// use has acme use an amount of its budget.
func (s *clientSetup) use(t testing.TB, amount int64) {
	t.Helper()
	s.count(t, s.record(t, "acme").Budget.Counter(s.time), amount)
}

// holdAnother has another request of acme hold an amount.
func (s *clientSetup) holdAnother(t testing.TB, amount int64) {
	t.Helper()
	s.use(t, amount)
	item, err := s.table.GetItem(t.Context(), client.Key("acme"))
	require.NoError(t, err)
	item[client.HoldsAttribute] = dynamo.Map(dynamo.Item{client.HoldID(s.time.Add(time.Minute), "other"): dynamo.Number(amount)})
	s.table.Put(item)
}

// The open endpoints are these: a monitor and a client's developer need them.
func TestEndpointsOpenToAll(t *testing.T) {
	s := newClientSetup(t, acme())
	var open []string
	for path, methods := range s.paths {
		for method, endpoint := range methods {
			switch {
			case endpoint.access == openAccess:
				open = append(open, path)
				assert.Equal(t, http.StatusOK, s.do(t, request(method, "/api"+path, "")).StatusCode, path)
			default:
				r := s.do(t, request(method, "/api"+strings.Replace(path, "{model}", testModel, 1), hello))
				assert.Equal(t, codeMissingCredential, problemIn(t, r).Code, path)
			}
		}
	}
	assert.ElementsMatch(t, []string{"/chat/healthz", "/healthz", "/readyz", "/openapi.yaml", "/playground"}, open)
	assert.Zero(t, s.table.Calls(dynamotest.GetItem), "nothing is read for them")
}

func TestUnknownPathsNeedNoCredential(t *testing.T) {
	s := newClientSetup(t, acme())
	assert.Equal(t, codeNotFound, problemIn(t, s.do(t, get("/api/keys"))).Code)
	assert.Equal(t, codeMethod, problemIn(t, s.do(t, request(http.MethodPut, "/api/usage", ""))).Code)
}

func TestWithOpenAccessThereAreNoClients(t *testing.T) {
	s := newSetup()
	assert.Equal(t, codeNotFound, problemIn(t, s.do(t, get("/api/usage"))).Code)
	assert.Equal(t, codeNotFound, problemIn(t, s.do(t, request(http.MethodPost, "/api/key/revoke", ""))).Code)
	r := s.do(t, keyed(keyOf(9), post(hello)))
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.NotContains(t, r.Headers, budgetLeftHeader)
	assert.NotContains(t, r.Headers, rateLimitHeader)
}

func TestResponsesHaveTheStateOfTheLimits(t *testing.T) {
	s := newClientSetup(t, acme())
	for i := range 2 {
		r := s.do(t, keyed(s.key, post(hello)))
		require.Equal(t, http.StatusOK, r.StatusCode, r.Body)
		assert.Equal(t, withUnit(int64(price.Dollar)-int64(i+1)*paid, client.Dollars), r.Headers[budgetLeftHeader])
		assert.Equal(t, "60", r.Headers[rateLimitHeader])
		assert.Equal(t, strconv.Itoa(59-i), r.Headers[rateRemainingHeader])
		assert.Equal(t, "30s", r.Headers[rateResetHeader])
	}
	assert.Equal(t, 2*paid, s.used(t))

	policy := acme()
	policy.Budget = client.Budget{Limit: 5000, Unit: client.Tokens, Period: client.Once}
	s = newClientSetup(t, policy)
	assert.Equal(t, "4993 tokens", s.do(t, keyed(s.key, post(hello))).Headers[budgetLeftHeader])

	policy.Budget = client.Budget{}
	s = newClientSetup(t, policy)
	r := s.do(t, keyed(s.key, post(hello)))
	assert.NotContains(t, r.Headers, budgetLeftHeader)
	assert.Equal(t, "60", r.Headers[rateLimitHeader])
	assert.Equal(t, paid, s.used(t), "counted without a budget, too")
}

// TestCharges has how requests end, and what they are charged.
func TestCharges(t *testing.T) {
	malformed := chat.Completion{Choices: []chat.Choice{{Text: "no JSON", StopReason: chat.EndTurn}}, Usage: chat.Usage{InputTokens: 3, OutputTokens: 4, TotalTokens: 7}}
	noUsage := chat.Completion{Choices: []chat.Choice{{Text: "Hi", StopReason: chat.EndTurn}}}
	for title, test := range map[string]struct {
		done   chat.Completion
		err    error
		body   string
		status int
		use    func(hold int64) int64
	}{
		"a reply":                   {status: 200, use: func(int64) int64 { return paid }},
		"a reply of another form":   {done: malformed, body: `,"response_format":{"type":"json_object"}`, status: 502, use: func(int64) int64 { return paid }},
		"a reply without usage":     {done: noUsage, status: 200, use: func(hold int64) int64 { return hold }},
		"timeout":                   {err: chat.ErrTimeout, status: 504, use: func(hold int64) int64 { return hold }},
		"an unknown error":          {err: errors.New("connection reset"), status: 502, use: func(hold int64) int64 { return hold }},
		"busy, rejected before":     {err: chat.NotComputed(chat.ErrBusy), status: 429, use: func(int64) int64 { return 0 }},
		"busy, perhaps after":       {err: chat.ErrBusy, status: 429, use: func(hold int64) int64 { return hold }},
		"rejected":                  {err: chat.NotComputed(&chat.Rejection{Reason: "no"}), status: 422, use: func(int64) int64 { return 0 }},
		"unavailable":               {err: chat.NotComputed(chat.ErrUnavailable), status: 503, use: func(int64) int64 { return 0 }},
		"unavailable in the middle": {err: chat.ErrUnavailable, status: 503, use: func(hold int64) int64 { return hold }},
	} {
		t.Run(title, func(t *testing.T) {
			s := newClientSetup(t, acme())
			s.fake.done, s.fake.err = test.done, test.err
			body := strings.TrimSuffix(helloChat, "}") + test.body + "}"
			held := hold
			if test.body != "" {
				p, _ := price.ParsePrice("0.035/0.14")
				held = int64(p.Most(64+16+5+1024, testMaxTokens))
			}
			r := s.do(t, keyed(s.key, postChat(body)))
			assert.Equal(t, test.status, r.StatusCode, r.Body)
			want := test.use(held)
			assert.Equal(t, want, s.used(t))
			assert.Empty(t, s.record(t, "acme").Holds)
			var rows int64
			for _, row := range s.rows(t) {
				rows += int64(row.Cost)
			}
			assert.Equal(t, want, rows, "rows of usage")
		})
	}
}

func TestAPanicIsChargedTheHold(t *testing.T) {
	s := newClientSetup(t, acme())
	handler := New(s.Config, panicking{s.fake})
	payload, err := json.Marshal(keyed(s.key, post(hello)))
	require.NoError(t, err)
	assert.PanicsWithValue(t, "Sesame", func() { _, _ = handler.Invoke(t.Context(), payload) })
	assert.Equal(t, hold, s.used(t))
	assert.Empty(t, s.record(t, "acme").Holds, "its place is free")
}

// panicking panics in place of a reply.
type panicking struct{ chat.Provider }

func (panicking) Complete(context.Context, chat.Conversation) (chat.Completion, error) {
	panic("Sesame")
}

func TestEmbeddingsAreChargedTheirInput(t *testing.T) {
	s := newClientSetup(t, acme())
	s.fake.embeddings = chat.Embeddings{Vectors: [][]float32{{1}}, InputTokens: 5}
	body := `{"model":"` + embeddingModel + `","input":"Hello"}`
	r := s.do(t, keyed(s.key, request(http.MethodPost, "/api/embeddings", body)))
	require.Equal(t, http.StatusOK, r.StatusCode, r.Body)
	assert.Equal(t, int64(100), s.used(t), "5 tokens at 20 nano-dollars")
	assert.Equal(t, "0.9999999 usd", r.Headers[budgetLeftHeader])

	s.fake.err = errors.New("of one of several calls")
	s.do(t, keyed(s.key, request(http.MethodPost, "/api/embeddings", body)))
	assert.Equal(t, int64(100+(64+16+5)*25+2), s.used(t), "what was paid beside an error isn't all")
}

func TestModelsAreThoseOfTheClient(t *testing.T) {
	policy := acme()
	policy.Models = []string{otherModel, embeddingModel, "removed"}
	s := newClientSetup(t, policy)
	var list modelList
	require.NoError(t, json.Unmarshal([]byte(s.do(t, keyed(s.key, get("/api/models"))).Body), &list))
	require.Len(t, list.Data, 2)
	assert.Equal(t, otherModel, list.Data[0].ID)
	assert.True(t, list.Data[0].Default)
	assert.False(t, list.Data[1].Default)
	assert.Equal(t, codeModelNotFound, problemIn(t, s.do(t, keyed(s.key, get("/api/models/"+testModel)))).Code)
	assert.Equal(t, http.StatusOK, s.do(t, keyed(s.key, get("/api/models/"+otherModel))).StatusCode)

	assert.Equal(t, http.StatusOK, s.do(t, keyed(s.key, post(hello))).StatusCode)
	assert.Equal(t, otherModel, s.fake.calls[0].Model, "its first one is the default")

	s.set(t, func(p *client.Policy) { p.Models = []string{"removed"} })
	assert.JSONEq(t, `{"object":"list","data":[],"request_id":"`+apiID+`"}`, s.do(t, keyed(s.key, get("/api/models"))).Body)
	assert.Equal(t, codeModelNotFound, problemIn(t, s.do(t, keyed(s.key, post(hello)))).Code)

	s.set(t, func(p *client.Policy) { p.Models = []string{testModel} })
	assert.Equal(t, http.StatusOK, s.do(t, keyed(s.key, postChat(helloChat))).StatusCode, "at once, though it is remembered otherwise")
}

// What is remembered of a policy admits nothing that the policy doesn't allow any more.
func TestChangesOfThePolicyTakeEffectAtOnce(t *testing.T) {
	for title, test := range map[string]struct {
		change func(*client.Policy)
		code   string
	}{
		"revoke":  {func(p *client.Policy) { p.Keys = nil }, codeInvalidKey},
		"suspend": {func(p *client.Policy) { p.Enabled = false }, codeSuspended},
		"models":  {func(p *client.Policy) { p.Models = []string{otherModel} }, codeModelNotFound},
		"budget":  {func(p *client.Policy) { p.Budget.Limit = hold - 1 }, codeBudgetSpent},
		"rate":    {func(p *client.Policy) { p.PerMinute = 1 }, codeRateExceeded},
		"none":    {func(p *client.Policy) { p.AtOnce = 0 }, codeTooManyAtOnce},
	} {
		s := newClientSetup(t, acme())
		require.Equal(t, http.StatusOK, s.do(t, keyed(s.key, post(hello))).StatusCode, title)
		s.set(t, test.change)
		assert.Equal(t, test.code, problemIn(t, s.do(t, keyed(s.key, post(hello)))).Code, title)
		assert.Len(t, s.fake.calls, 1, title)
		s.set(t, func(p *client.Policy) { *p = acme() })
		require.Equal(t, http.StatusOK, s.do(t, keyed(s.key, post(hello))).StatusCode, "%s: and back", title)
	}
}

func TestUsageIsReported(t *testing.T) {
	s := newClientSetup(t, acme())
	for range 2 {
		s.do(t, keyed(s.key, post(hello)))
	}
	s.do(t, keyed(s.key, postChat(strings.Replace(helloChat, testModel, otherModel, 1))))
	s.time = s.time.AddDate(0, 0, 1)
	s.do(t, keyed(s.key, post(hello)))
	r := s.do(t, keyed(s.key, get("/api/v1/usage")))
	require.Equal(t, http.StatusOK, r.StatusCode, r.Body)
	assert.JSONEq(t, `{
		"client": "acme",
		"budget": {"limit": 1, "used": 0.000003135, "held": 0, "left": 0.999996865, "unit": "usd", "period": "month", "window_end": "2026-12-01T00:00:00Z"},
		"rate": {"requests_per_minute": 60, "requests_this_minute": 1, "requests_at_once": 10, "requests_now": 0},
		"data": [
			{"day": "2026-11-28", "model": "amazon.nova-lite-v1:0", "requests": 1, "input_tokens": 3, "output_tokens": 4, "cost": 0.00000114},
			{"day": "2026-11-28", "model": "amazon.nova-micro-v1:0", "requests": 2, "input_tokens": 6, "output_tokens": 8, "cost": 0.00000133},
			{"day": "2026-11-29", "model": "amazon.nova-micro-v1:0", "requests": 1, "input_tokens": 3, "output_tokens": 4, "cost": 0.000000665}
		],
		"request_id": "Jh3kXh7GIAMEVjQ="
	}`, r.Body)

	today := keyed(s.key, get("/api/usage"))
	today.Query = map[string]string{"days": "1"}
	var report usageReport
	require.NoError(t, json.Unmarshal([]byte(s.do(t, today).Body), &report))
	assert.Len(t, report.Data, 1)
	for _, days := range []string{"", "0", "401", "+1", "01", "-1", "x", "1,2", "1.5"} {
		today.Query["days"] = days
		assert.Equal(t, codeQuery, problemIn(t, s.do(t, today)).Code, days)
	}
	assert.Equal(t, http.StatusOK, s.do(t, keyed(s.key, request(http.MethodHead, "/api/usage", ""))).StatusCode)
}

func TestUsageOfOtherBudgets(t *testing.T) {
	policy := acme()
	policy.Budget = client.Budget{Limit: 10, Unit: client.Tokens, Period: client.Once}
	s := newClientSetup(t, policy)
	s.holdAnother(t, 9)
	state := func() budgetState {
		var report usageReport
		require.NoError(t, json.Unmarshal([]byte(s.do(t, keyed(s.key, get("/api/usage"))).Body), &report))
		return report.Budget
	}
	limit, left, once := json.Number("10"), json.Number("1"), "once"
	assert.Equal(t, budgetState{Limit: &limit, Used: "0", Held: "9", Left: &left, Unit: "tokens", Period: &once}, state(), "a budget that is used up doesn't block it")

	policy.Budget = client.Budget{}
	s = newClientSetup(t, policy)
	s.do(t, keyed(s.key, post(hello)))
	assert.Equal(t, budgetState{Used: "0.000000665", Held: "0", Unit: "usd"}, state())
}

func TestTheFinderOfAKeyCanEndIt(t *testing.T) {
	policy := acme()
	policy.Keys = append(policy.Keys, keyOf(2).Digest().ID())
	s := newClientSetup(t, policy)
	s.addKey(keyOf(2), "acme", time.Time{})
	revoke := request(http.MethodPost, "/api/key/revoke", "")
	require.Equal(t, http.StatusOK, s.do(t, keyed(s.key, post(hello))).StatusCode)
	payload, err := json.Marshal(keyed(s.key, revoke))
	require.NoError(t, err)
	for range 2 {
		text, err := s.Invoke(t.Context(), payload)
		require.NoError(t, err)
		assert.JSONEq(t, `{"statusCode":204,"headers":{"cache-control":"no-store","x-request-id":"`+apiID+`"},"body":"","isBase64Encoded":false}`, string(text))
		assert.Equal(t, []string{keyOf(2).Digest().ID()}, s.record(t, "acme").Keys)
	}
	assert.Contains(t, s.logs.String(), `"revoked":true`)
	assert.Equal(t, codeInvalidKey, problemIn(t, s.do(t, keyed(s.key, post(hello)))).Code)
	assert.Equal(t, http.StatusOK, s.do(t, keyed(keyOf(2), post(hello))).StatusCode, "the other one stays")
	assert.Equal(t, codeMissingCredential, problemIn(t, s.do(t, revoke)).Code)
	assert.Equal(t, codeInvalidKey, problemIn(t, s.do(t, keyed(keyOf(9), revoke))).Code)

	s.table.Before = func(operation string) error {
		if operation == dynamotest.UpdateItem {
			return errors.New("no connection")
		}
		return nil
	}
	assert.Equal(t, codeClientsUnavailable, problemIn(t, s.do(t, keyed(keyOf(2), revoke))).Code)
}

func TestWhileMigratingOthersAreAnonymous(t *testing.T) {
	anonymous := acme()
	anonymous.Keys, anonymous.Budget = nil, client.Budget{}
	s := newClientSetup(t, acme(), migrating)
	s.table.Put(client.NewItem(client.Anonymous, anonymous))
	count := func(name string) (n int64) {
		for _, requests := range s.record(t, name).Minutes {
			n += requests
		}
		return n
	}
	for i, e := range []event{post(hello), withHeaders(post(hello), "authorization", "Bearer any"), withHeaders(post(hello), "x-api-key", "any", "authorization", "Basic dTpw")} {
		assert.Equal(t, http.StatusOK, s.do(t, e).StatusCode)
		assert.Equal(t, int64(i+1), count(client.Anonymous))
	}
	assert.Contains(t, s.logs.String(), `"client":"anonymous"`)
	assert.Equal(t, http.StatusOK, s.do(t, keyed(s.key, post(hello))).StatusCode)
	assert.Equal(t, int64(1), count("acme"))

	wrongSum := []byte(s.key.Reveal())
	wrongSum[credential.Length-1] ^= 1
	assert.Equal(t, codeInvalidKey, problemIn(t, s.do(t, withHeaders(post(hello), credential.Header, string(wrongSum)))).Code)
	assert.Equal(t, codeInvalidKey, problemIn(t, s.do(t, keyed(keyOf(9), post(hello)))).Code, "revoking means something")
	assert.Equal(t, codeSeveralCredentials, problemIn(t, s.do(t, withHeaders(post(hello), "x-api-key", "any,"+s.key.Reveal()))).Code)
	assert.Equal(t, codeMissingCredential, problemIn(t, s.do(t, request(http.MethodPost, "/api/key/revoke", ""))).Code)
	assert.Equal(t, int64(3), count(client.Anonymous))

	anonymous.Enabled = false
	anonymous.Revision++
	s.table.Put(client.NewItem(client.Anonymous, anonymous))
	assert.Equal(t, codeSuspended, problemIn(t, s.do(t, post(hello))).Code)

	s.admit(t) // the mode keys
	assert.Equal(t, codeMissingCredential, problemIn(t, s.do(t, post(hello))).Code)
}

func TestLogsAndCountsAdmission(t *testing.T) {
	policy := acme()
	policy.Budget.Limit = 6*paid + hold
	s := newClientSetup(t, policy)
	s.do(t, keyed(s.key, post(hello)))
	var line map[string]any
	require.NoError(t, json.Unmarshal(s.logs.Bytes(), &line), "one line: %s", s.logs)
	assert.Equal(t, "acme", line["client"])
	assert.Equal(t, s.key.Digest().ID(), line["key"])
	assert.Equal(t, "use", line["charged"])
	assert.InDelta(t, price.Amount(paid).Dollars(), line["cost"], 1e-12)
	assert.InDelta(t, price.Amount(hold).Dollars(), line["hold"], 1e-12)
	assert.Contains(t, line, "reserveMilliseconds")
	got := metricsOf(t, s.setup)
	assert.InDelta(t, price.Amount(paid).Dollars(), got["Spend"], 1e-12)
	for _, name := range []string{"HoldExceeded", "HoldsExpired", "BudgetWarnings"} {
		assert.NotContains(t, got, name)
	}

	s.reset()
	s.do(t, keyed(s.key, post("{}")))
	assert.Contains(t, s.logs.String(), `"client":"acme"`)
	assert.NotContains(t, s.logs.String(), `"hold"`)
	assert.NotContains(t, s.metrics.String(), "Spend")
}

func TestWarnsOfABudgetOnceAWindow(t *testing.T) {
	policy := acme()
	policy.Budget = client.Budget{Limit: 1000, Unit: client.Tokens, Period: client.Day}
	s := newClientSetup(t, policy)
	warned := func() int {
		s.reset()
		require.Equal(t, http.StatusOK, s.do(t, keyed(s.key, post(hello))).StatusCode)
		assert.Equal(t, strings.Count(s.logs.String(), "nearly used"), strings.Count(s.metrics.String(), `"BudgetWarnings":1`))
		return strings.Count(s.logs.String(), "nearly used")
	}
	s.use(t, 785)
	assert.Equal(t, 0, warned(), "79 %")
	assert.Equal(t, 0, warned(), "79.9 %")
	assert.Equal(t, 1, warned(), "80.6 %")
	assert.Equal(t, 0, warned(), "said already")
	s.time = s.time.AddDate(0, 0, 1)
	assert.Equal(t, 0, warned())
	s.use(t, 800)
	assert.Equal(t, 1, warned(), "another window")
}

func TestHoldsThatAreExceededOrNeverSettledAreCounted(t *testing.T) {
	s := newClientSetup(t, acme())
	s.fake.done = chat.Completion{Choices: []chat.Choice{{Text: "Hi", StopReason: chat.EndTurn}}, Usage: chat.Usage{InputTokens: 10_000, OutputTokens: 4, TotalTokens: 10_004}}
	s.do(t, keyed(s.key, post(hello)))
	assert.Equal(t, int64(350_560), s.used(t), "the truth is charged")
	assert.Contains(t, s.metrics.String(), `"HoldExceeded":1`)
	assert.Contains(t, s.logs.String(), "the request cost more than was held for it")

	s = newClientSetup(t, acme())
	s.holdAnother(t, 1000)
	s.time = s.time.Add(time.Hour)
	s.do(t, keyed(s.key, post(hello)))
	assert.Contains(t, s.metrics.String(), `"HoldsExpired":1`)
	assert.Equal(t, 1000+paid, s.used(t), "nothing is refunded")
	assert.Empty(t, s.record(t, "acme").Holds)
}

func TestAFailedSettlementIsLoggedAndChangesNoResponse(t *testing.T) {
	s := newClientSetup(t, acme())
	writes := 0
	s.table.Before = func(operation string) error {
		if writes++; operation == dynamotest.UpdateItem && len(s.fake.calls) > 0 {
			return errors.New("no connection")
		}
		return nil
	}
	assert.Equal(t, http.StatusOK, s.do(t, keyed(s.key, post(hello))).StatusCode)
	s.table.Before = nil
	assert.Contains(t, s.logs.String(), `"level":"ERROR","msg":"the table of clients failed"`)
	assert.Equal(t, hold, s.used(t))
}

func TestTheModelLeavesTimeForTheSettlement(t *testing.T) {
	s := newClientSetup(t, acme())
	ctx, cancel := context.WithTimeout(t.Context(), 29*time.Second)
	defer cancel()
	payload, err := json.Marshal(keyed(s.key, post(hello)))
	require.NoError(t, err)
	_, err = s.Invoke(ctx, payload)
	require.NoError(t, err)
	deadline, _ := ctx.Deadline()
	assert.Equal(t, 1500*time.Millisecond, deadline.Sub(s.fake.until))
}

// One hold needs no more than these allocations.
func TestAdmissionTakesFewAllocations(t *testing.T) {
	allocations := func(s *setup, e event) float64 {
		payload, err := json.Marshal(e)
		require.NoError(t, err)
		return testing.AllocsPerRun(100, func() {
			s.reset()
			_, err = s.Invoke(t.Context(), payload)
			require.NoError(t, err)
		})
	}
	s := newClientSetup(t, acme(), func(c *admission.Config) {
		store := clientstore.Store{Table: newFixedTable()}
		c.Store, c.Settler = store, store
	})
	open := allocations(newSetup(), keyed(s.key, post(hello)))
	assert.LessOrEqual(t, allocations(s.setup, keyed(s.key, post(hello)))-open, 250.0)
}

// fixedTable returns the items of acme and its key, and applies each write, without a
// change.
type fixedTable struct{ key, client dynamo.Item }

func newFixedTable() fixedTable {
	identity := clientstore.Identity{Client: "acme", ID: keyOf(1).Digest().ID()}
	return fixedTable{clientstore.KeyItem(keyOf(1).Digest(), identity, noon), client.NewItem("acme", acme())}
}

func (f fixedTable) GetItem(_ context.Context, key dynamo.Item) (dynamo.Item, error) {
	if strings.HasPrefix(key[dynamo.PartitionKey].Text(), "K#") {
		return f.key, nil
	}
	return f.client, nil
}

func (f fixedTable) UpdateItem(_ context.Context, u dynamo.Update) (dynamo.Item, error) {
	if !u.ReturnNew {
		return nil, nil
	}
	return f.client, nil
}

func (fixedTable) Query(context.Context, dynamo.Query) ([]dynamo.Item, error) { return nil, nil }
