package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	testStage  = "arn:aws:execute-api:us-east-1:123456789012:fedcba4321/live"
	testMethod = testStage + "/POST/api/chat/completions"
)

// restPayload is an event as the REST API sends it: of several values of a header, its
// headers have the last.
func restPayload(t testing.TB, headers map[string][]string) []byte {
	last := map[string]string{}
	for name, values := range headers {
		last[name] = values[len(values)-1]
	}
	text, err := json.Marshal(map[string]any{
		"type":                  "REQUEST",
		"methodArn":             testMethod,
		"resource":              "/api/chat/{proxy+}",
		"path":                  "/api/chat/completions",
		"httpMethod":            "POST",
		"headers":               last,
		"multiValueHeaders":     headers,
		"queryStringParameters": map[string]string{},
		"pathParameters":        map[string]string{"proxy": "completions"},
		"stageVariables":        map[string]string{},
		"requestContext": map[string]any{
			"accountId": "123456789012", "apiId": "fedcba4321", "stage": "live", "httpMethod": "POST",
			"requestId": "2f1a3c5e-1111-2222-3333-444455556666", "identity": map[string]any{"sourceIp": "192.0.2.1"},
		},
	})
	require.NoError(t, err)
	return text
}

func policyOf(effect string) string {
	return `{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"` + effect + `","Resource":"` + testStage + `/*"}]}`
}

func TestAnswersToTheRESTAPI(t *testing.T) {
	one, two, other := testKey(1).Value.Reveal(), testKey(2).Value.Reveal(), testKey(9).Value.Reveal()
	yes := func(n byte) string {
		return fmt.Sprintf(`{"principalId":"cloudfront","policyDocument":%s,"context":{"originKey":"%s"}}`, policyOf("Allow"), testKey(n).Name)
	}
	no := `{"principalId":"unknown","policyDocument":` + policyOf("Deny") + `}`
	headers := func(values ...string) map[string][]string {
		return map[string][]string{"Host": {"api.example"}, testHeader: values}
	}
	lastOnly := strings.Replace(string(restPayload(t, headers(other, one))), `"multiValueHeaders"`, `"others"`, 1)
	for _, test := range []struct {
		title   string
		payload []byte
		want    string
		reason  string
	}{
		{"the first key", restPayload(t, headers(one)), yes(1), reasonInKeyring},
		{"the second key", restPayload(t, headers(two)), yes(2), reasonInKeyring},
		{"header in capitals", restPayload(t, map[string][]string{"X-ORIGIN-Verify": {one}}), yes(1), reasonInKeyring},
		{"an unknown value", restPayload(t, headers(other)), no, reasonNotInKeyring},
		{"a guess", restPayload(t, headers("guess")), no, reasonForm},
		{"an empty header", restPayload(t, headers("")), no, errNoValue.Error()},
		{"no header", restPayload(t, map[string][]string{"Host": {"api.example"}}), no, errNoValue.Error()},
		{"no headers at all", restPayload(t, nil), no, errNoValue.Error()},
		{"two values, the first of them right", restPayload(t, headers(one, other)), no, errSeveralValues.Error()},
		{"two values, the last of them right", restPayload(t, headers(other, one)), no, errSeveralValues.Error()},
		{"two values, both right", restPayload(t, headers(one, one)), no, errSeveralValues.Error()},
		{"an empty value and a right one", restPayload(t, headers("", one)), no, errSeveralValues.Error()},
		{"two empty values", restPayload(t, headers("", "")), no, errSeveralValues.Error()},
		{"two values in one, with a comma", restPayload(t, headers(one+","+two)), no, errSeveralValues.Error()},
		{"the header twice in different case", restPayload(t, map[string][]string{testHeader: {one}, "X-Origin-Verify": {one}}), no, errSeveralValues.Error()},
		{"the header only where the last of several values is", []byte(lastOnly), no, errNoValue.Error()},
	} {
		t.Run(test.title, func(t *testing.T) {
			s := newSetup()
			answer, err := s.Invoke(t.Context(), test.payload)
			require.NoError(t, err)
			assert.JSONEq(t, test.want, string(answer))
			var line struct{ Msg, APIID, RequestID, Decision, Reason, Key string }
			require.NoError(t, json.Unmarshal(s.logs.Bytes(), &line), "one line: %s", s.logs)
			assert.Equal(t, "decision", line.Msg)
			assert.Equal(t, "fedcba4321", line.APIID)
			assert.Equal(t, "2f1a3c5e-1111-2222-3333-444455556666", line.RequestID)
			assert.Equal(t, test.reason, line.Reason)
			assert.Equal(t, line.Decision == "accepted", line.Key != "")
		})
	}
}

func TestThePolicyIsAboutTheWholeStage(t *testing.T) {
	for methodARN, want := range map[string]string{
		testMethod: testStage,
		"arn:aws:execute-api:us-east-1:123456789012:a/live/GET/":                  "arn:aws:execute-api:us-east-1:123456789012:a/live",
		"arn:aws:execute-api:us-east-1:123456789012:a/live/POST/*/../other/x:y/*": "arn:aws:execute-api:us-east-1:123456789012:a/live",
		"arn:aws-cn:execute-api:cn-north-1:123456789012:a/live/GET/x":             "arn:aws-cn:execute-api:cn-north-1:123456789012:a/live",
		"": "", "live": "", "a/b/c": "",
		"arn:aws:execute-api:us-east-1:123456789012:a":                 "",
		"arn:aws:execute-api:us-east-1:123456789012:a/live":            "",
		"arn:aws:execute-api:us-east-1:123456789012:a//GET/x":          "",
		"arn:aws:execute-api:us-east-1:123456789012:/live/GET/x":       "",
		"arn:aws:execute-api:us-east-1:123456789012:*/live/GET/x":      "",
		"arn:aws:execute-api:us-east-1:123456789012:a/*/GET/x":         "",
		"arn:aws:execute-api:us-east-1:123456789012:a/${a}/GET/x":      "",
		"arn:aws:lambda:us-east-1:123456789012:function/live/GET/x":    "",
		"arn:aws:execute-api:us-east-1:123456789012:a:b/live/GET/path": "",
	} {
		got, ok := stageOf(methodARN)
		assert.Equal(t, want != "", ok, methodARN)
		if ok {
			assert.Equal(t, want, got)
		}
	}
}

func TestOtherEventsOfTheRESTAPIAreErrors(t *testing.T) {
	one := testKey(1).Value.Reveal()
	good := string(restPayload(t, map[string][]string{testHeader: {one}}))
	for title, text := range map[string]string{
		"the type TOKEN":     strings.Replace(good, `"REQUEST"`, `"TOKEN"`, 1),
		"no type":            strings.Replace(good, `"type"`, `"kind"`, 1),
		"no methodArn":       strings.Replace(good, `"methodArn"`, `"arn"`, 1),
		"another methodArn":  strings.Replace(good, testMethod, one, 1),
		"payload format 1.0": strings.Replace(good, `{`, `{"version":"1.0",`, 1),
		"wrong types":        strings.Replace(good, `["`+one+`"]`, `"`+one+`"`, 1),
	} {
		t.Run(title, func(t *testing.T) {
			require.NotEqual(t, good, text)
			requireNoDecision(t, text, one)
		})
	}
}

// The keyring that was read for one API serves the other.
func TestBothAPIsShareTheKeyring(t *testing.T) {
	s := newSetup()
	one, other := testKey(1).Value.Reveal(), testKey(9).Value.Reveal()
	pages := 0 // of one read of the keyring
	for _, value := range []string{one, other} {
		for _, event := range [][]byte{
			payload(t, map[string]string{testHeader: value}, value),
			restPayload(t, map[string][]string{testHeader: {value}}),
		} {
			answer, err := s.Invoke(t.Context(), event)
			require.NoError(t, err)
			assert.Equal(t, value == one, strings.Contains(string(answer), "originKey"))
			if pages == 0 {
				pages = s.store.Calls("GetParametersByPath")
			}
		}
	}
	assert.Equal(t, pages, s.store.Calls("GetParametersByPath"))
}

// The REST API makes a rejection of the error Unauthorized, which it may cache.
func TestAnOutageIsAnErrorOfTheRESTAPIAndNeverADenial(t *testing.T) {
	s := newSetup()
	for _, text := range []string{"Unauthorized", "ThrottlingException: Rate exceeded"} {
		s.store.Before = func(context.Context, string) error { return fmt.Errorf("%s", text) }
		s.clock.advance(testLimits.refetch)
		answer, err := s.Invoke(t.Context(), restPayload(t, map[string][]string{testHeader: {testKey(1).Value.Reveal()}}))
		require.ErrorContains(t, err, reasonUnreadable)
		assert.NotEqual(t, "Unauthorized", err.Error())
		assert.Empty(t, answer)
	}
}

// joined returns an HTTP API's headers: names in lower case, and several values of one
// joined with commas.
func joined(headers map[string][]string) map[string]string {
	all := map[string][]string{}
	for name, values := range headers {
		name = strings.ToLower(name)
		all[name] = append(all[name], values...)
	}
	flat := map[string]string{}
	for name, values := range all {
		flat[name] = strings.Join(values, ",")
	}
	return flat
}

// FuzzBothFormsDecideAlike sends the same request in both forms: the decisions, their
// reasons and the authorizer's state must be the same.
func FuzzBothFormsDecideAlike(f *testing.F) {
	one, two := testKey(1).Value.Reveal(), testKey(2).Value.Reveal()
	f.Add(one, "", uint8(1))
	f.Add(one, two, uint8(2))
	f.Add(one+","+two, "", uint8(1))
	f.Add("guess", one, uint8(3))
	f.Add(testKey(9).Value.Reveal(), "", uint8(1))
	f.Add("", "", uint8(0))
	f.Fuzz(func(t *testing.T, first, second string, count uint8) {
		headers := map[string][]string{"Host": {"api.example"}}
		switch count % 4 {
		case 1:
			headers[testHeader] = []string{first}
		case 2:
			headers[testHeader] = []string{first, second}
		case 3:
			headers[testHeader], headers[http.CanonicalHeaderKey(testHeader)] = []string{first}, []string{second}
		}
		flat := joined(headers)
		var source []string
		if value, ok := flat[testHeader]; ok {
			source = []string{value}
		}
		decide := func(payload []byte) (authorized bool, reason string) {
			s := newSetup()
			answer, err := s.Invoke(t.Context(), payload)
			require.NoError(t, err)
			var got struct {
				IsAuthorized   bool
				PolicyDocument struct {
					Statement []struct{ Effect, Resource string }
				}
			}
			require.NoError(t, json.Unmarshal(answer, &got))
			var line struct{ Reason string }
			require.NoError(t, json.Unmarshal(s.logs.Bytes(), &line))
			for _, statement := range got.PolicyDocument.Statement {
				require.Equal(t, testStage+"/*", statement.Resource)
				got.IsAuthorized = statement.Effect == "Allow"
			}
			return got.IsAuthorized, line.Reason
		}
		authorized, reason := decide(payload(t, flat, source...))
		again, its := decide(restPayload(t, headers))
		require.Equal(t, authorized, again)
		require.Equal(t, reason, its)
		require.Equal(t, count%4 == 1 && (first == one || first == two), authorized)
	})
}

// FuzzInvokeByTheRESTAPI looks for events without a version that let in what does not
// carry a key, or whose policy is about more than one stage.
func FuzzInvokeByTheRESTAPI(f *testing.F) {
	one := testKey(1).Value.Reveal()
	f.Add(restPayload(f, map[string][]string{testHeader: {one}}))
	f.Add(restPayload(f, map[string][]string{testHeader: {"guess", one}}))
	f.Add([]byte(`{"type":"REQUEST","methodArn":"` + testMethod + `","multiValueHeaders":{"x-origin-verify":[null]}}`))
	f.Add([]byte(`{"type":"REQUEST","methodArn":"arn:aws:execute-api:::a/*/GET/","multiValueHeaders":{"x-origin-verify":["` + one + `"]}}`))
	s := newSetup()
	f.Fuzz(func(t *testing.T, event []byte) {
		s.logs.Reset()
		answer, err := s.Invoke(t.Context(), event)
		if err != nil {
			assert.Empty(t, answer)
			assert.NotEqual(t, "Unauthorized", err.Error())
			return
		}
		var got struct {
			PrincipalID    string
			PolicyDocument struct {
				Statement []struct{ Effect, Resource string }
			}
		}
		require.NoError(t, json.Unmarshal(answer, &got))
		if got.PrincipalID == "" {
			return // the other form
		}
		require.Len(t, got.PolicyDocument.Statement, 1)
		statement := got.PolicyDocument.Statement[0]
		stage, found := strings.CutSuffix(statement.Resource, "/*")
		require.True(t, found)
		require.NotContains(t, stage, "*")
		require.Equal(t, 1, strings.Count(stage, "/"))
		if statement.Effect == "Allow" {
			assert.True(t, carriesKey(t, event), "let in: %q", event)
		}
	})
}

func BenchmarkInvokeByTheRESTAPI(b *testing.B) {
	s := newSetup()
	event := restPayload(b, map[string][]string{testHeader: {testKey(1).Value.Reveal()}, "Host": {"api.example"}, "User-Agent": {"Amazon CloudFront"}})
	b.ReportAllocs()
	for b.Loop() {
		s.logs.Reset()
		if _, err := s.Invoke(b.Context(), event); err != nil {
			b.Fatal(err)
		}
	}
}
