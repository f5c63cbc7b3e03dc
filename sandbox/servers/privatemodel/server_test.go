package privatemodel

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/servers/scriptedmodel"
)

func ask(t *testing.T, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(scriptedmodel.Options{}).ServeHTTP(w, r)
	return w
}

func TestItTellsWhatReachedIt(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/v1/chat?a=b", strings.NewReader("{}"))
	r.Header.Set("X-Origin-Verify", "hush")
	r.Header.Set("X-Request-Id", "one")
	w := ask(t, r)
	var seen Seen
	if err := json.Unmarshal(w.Body.Bytes(), &seen); err != nil {
		t.Fatal(err)
	}
	if seen.Method != "POST" || seen.Path != "/v1/chat" || seen.Query != "a=b" || !slices.Contains(seen.Headers, "x-origin-verify") {
		t.Errorf("%+v", seen)
	}
	if len(seen.Values) != 1 || seen.Values["x-request-id"] != "one" {
		t.Errorf("values %v", seen.Values)
	}
	if strings.Contains(w.Body.String(), "hush") {
		t.Error("a header's value is repeated")
	}
}

func TestItServesTheScriptedModel(t *testing.T) {
	for target, want := range map[string]string{
		"GET /v1/models":            `"id":"echo"`,
		"POST /v1/chat/completions": `"content":"one two"`,
		"POST /v1/embeddings":       `"object":"embedding"`,
		"POST /v1/models":           `"path":"/v1/models"`,
	} {
		method, path, _ := strings.Cut(target, " ")
		body := `{"model":"echo","messages":[{"role":"user","content":"one two"}],"input":"one"}`
		w := ask(t, httptest.NewRequest(method, path, strings.NewReader(body)))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}

func TestItIsHealthy(t *testing.T) {
	if w := ask(t, httptest.NewRequest(http.MethodGet, HealthPath, nil)); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}
