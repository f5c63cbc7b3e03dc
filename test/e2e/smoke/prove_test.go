package smoke

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

const secret = "q7/Zk+3vLw9xT2=bN5cR8sD1fG4hJ6mP0"

func TestScannerFindsEveryForm(t *testing.T) {
	s := NewScanner([]string{secret})
	for name, text := range map[string]string{
		"in clear":     "value " + secret + ".",
		"query":        "a=" + url.QueryEscape(secret),
		"path":         "/" + url.PathEscape(secret),
		"hex":          hex.EncodeToString([]byte(secret)),
		"upper hex":    strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"alone base64": base64.StdEncoding.EncodeToString([]byte(secret)),
	} {
		if !s.Found([]byte(text)) {
			t.Errorf("%s: not found in %s", name, text)
		}
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding} {
		for before := range 5 {
			for after := range 5 {
				text := encoding.EncodeToString([]byte(strings.Repeat("<", before) + secret + strings.Repeat(">", after)))
				if !s.Found([]byte(text)) {
					t.Errorf("not found in base64 with %d bytes before and %d after", before, after)
				}
			}
		}
	}
	for _, text := range []string{"", "q7/Zk", secret[1:], base64.StdEncoding.EncodeToString([]byte(secret[3:]))} {
		if s.Found([]byte(text)) {
			t.Errorf("found in %q", text)
		}
	}
}

// frontDoor is a stack whose distribution adds the key and whose API checks it.
func frontDoor(t *testing.T, key, reply string) Target {
	t.Helper()
	api := func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("x-key") {
		case "":
			w.WriteHeader(http.StatusUnauthorized)
		case key:
			_, _ = w.Write([]byte(reply))
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	}
	direct := httptest.NewServer(http.HandlerFunc(api))
	t.Cleanup(direct.Close)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("x-key", key)
		api(w, r)
	}))
	t.Cleanup(front.Close)
	return Target{DistributionURL: front.URL, APIURL: direct.URL, HeaderName: "x-key"}
}

const modelReply = `{"model":"m","text":"Hi.","stop_reason":"end_turn"}`

func TestRequests(t *testing.T) {
	rows := func(target Target, key string) (all []Row) {
		for _, r := range requests(target, key) {
			all = append(all, r.send(t.Context(), target.HeaderName))
		}
		return all
	}
	good := frontDoor(t, secret, modelReply)
	if all := rows(good, secret); !Passed(all) || !strings.Contains(all[0].Got, "Hi.") {
		t.Errorf("a right stack failed: %+v", all)
	}
	open := good
	open.APIURL = good.DistributionURL
	for name, test := range map[string]struct {
		target Target
		key    string
		failed string // one letter for each row
	}{
		"the API is open":           {open, secret, "..xx."},
		"the ring has another key":  {good, "another-key-of-that-length", "....x"},
		"no model answers":          {frontDoor(t, secret, `{"error":"x"}`), secret, "xx..x"},
		"the answer is not JSON":    {frontDoor(t, secret, "Hi."), secret, "xx..x"},
		"nothing answers":           {Target{DistributionURL: "http://127.0.0.1:1", APIURL: "http://127.0.0.1:1"}, secret, "xxxxx"},
		"the viewer's header wins":  {Target{DistributionURL: good.APIURL, APIURL: good.APIURL, HeaderName: "x-key"}, secret, "xx..."},
		"the header has other name": {Target{DistributionURL: good.DistributionURL, APIURL: good.APIURL, HeaderName: "x-other"}, secret, "...xx"},
	} {
		var failed string
		for _, row := range rows(test.target, test.key) {
			if row.OK {
				failed += "."
			} else {
				failed += "x"
			}
		}
		if failed != test.failed {
			t.Errorf("%s: got %s, want %s", name, failed, test.failed)
		}
	}
}

// stack is a deployed stack as Pulumi tells it.
type stack struct {
	changes string
	err     error
	outputs string
}

func (s stack) Preview(context.Context, func(string)) (string, error) { return s.changes, s.err }

func (s stack) Outputs(context.Context) (map[string]string, string, error) {
	var values map[string]string
	err := json.Unmarshal([]byte(s.outputs), &values)
	return values, s.outputs, err
}

func TestPreviewRow(t *testing.T) {
	for _, test := range []struct {
		stack stack
		ok    bool
	}{
		{stack{changes: "no change"}, true},
		{stack{changes: "1 to update", err: errors.New("exit status 1")}, false},
		{stack{changes: "no change", err: errors.New("exit status 1")}, false},
		{stack{changes: "1 to update"}, false},
	} {
		if row := preview(t.Context(), test.stack, func(string) {}); row.OK != test.ok {
			t.Errorf("%+v gave %+v", test.stack, row)
		}
	}
}

// logs is CloudWatch Logs with one group.
func logs(t *testing.T, message string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".DescribeLogGroups") {
			_, _ = w.Write([]byte(`{"logGroups":[{"logGroupName":"/aws/lambda/x"}]}`))
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"events": []map[string]string{{"message": message}}})
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestSecrecy(t *testing.T) {
	l := checkout.Layout{Root: t.TempDir()}
	write := func(content string, elem ...string) {
		t.Helper()
		path := l.Local(elem...)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("cipher", "state", "deep", "stack.json")
	write("up", "logs", "up.log")
	write("engine", "pulumi", "logs", "x.log")
	check := func(s stack, message string) string {
		t.Helper()
		var failed string
		for _, row := range secrecy(t.Context(), l, Target{AWSEndpoint: logs(t, message)}, s, NewScanner([]string{secret})) {
			if row.OK {
				failed += "."
			} else {
				failed += "x"
			}
			if strings.Contains(row.Got, secret) {
				t.Error("the table shows the secret")
			}
		}
		return failed
	}
	clean := stack{outputs: `{"key":"[secret]"}`}
	if got := check(clean, "START"); got != "...." {
		t.Errorf("a clean stack: %s", got)
	}
	if got := check(stack{outputs: `{"key":"` + secret + `"}`}, secret); got != "..xx" {
		t.Errorf("leaks in outputs and logs: %s", got)
	}
	write("has "+base64.StdEncoding.EncodeToString([]byte(secret)), "state", "deep", "backup.json")
	write(secret, "logs", "preview.log")
	if got := check(clean, ""); got != "xx.." {
		t.Errorf("leaks in files: %s", got)
	}
	for _, dir := range []string{l.State(), l.Local("logs")} {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	write(secret, "pulumi", "logs", "x.log")
	if got := check(clean, ""); got != "xx.." {
		t.Errorf("nothing to look at, and a leak in the engine's logs: %s", got)
	}
}

func TestPrint(t *testing.T) {
	var out bytes.Buffer
	Print(&out, []Row{
		{"a", "200", "200, Hi", true, 15e6, nil},
		{"longer name", "401", "403", false, 1234e6, nil},
		{"cut", "yes", "a long…", false, 0, errors.New("a long story")},
		{"whole", "yes", "short", false, 0, errors.New("short")},
	})
	const want = `                 expected  got          ms
  ✓ a            200       200, Hi      15
  ✗ longer name  401       403        1234
  ✗ cut          yes       a long…       0
  ✗ whole        yes       short         0

  cut: a long story
`
	if got := out.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if Passed(nil) {
		t.Error("nothing shown passes for proven")
	}
}
