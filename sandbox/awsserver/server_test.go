package awsserver

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon/daemontest"
)

func TestPortsFrom(t *testing.T) {
	for value, want := range map[string]Ports{"": {4566, 4567, 4568, 4569, 4570, 4571}, "14566": {14566, 14567, 14568, 14569, 14570, 14571}} {
		if got, err := PortsFrom(value); err != nil || got != want {
			t.Errorf("%q: got %v, %v", value, got, err)
		}
	}
	for _, value := range []string{"80", "65531", "x", "-1"} {
		if _, err := PortsFrom(value); err == nil || !strings.Contains(err.Error(), "GATEHOUSE_PORT") {
			t.Errorf("%q: got %v", value, err)
		}
	}
}

// launcher stands in for the server: it listens and returns an id.
const launcher = `import http.server, os, sys, threading
port = int(sys.argv[2])
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(b'{"id": "%d"}' % os.getpid())
class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True
print("here", flush=True)
if os.path.exists(os.path.join(os.path.dirname(__file__), "broken")):
    sys.exit("not today")
Server(("127.0.0.1", port), Answer).serve_forever()
`

// testCheckout returns a checkout whose server is the launcher above.
func testCheckout(t *testing.T) checkout.Layout {
	t.Helper()
	l := daemontest.Checkout(t, Name)
	bin := filepath.Dir(l.Python(checkout.CloudVenv))
	for _, dir := range []string{bin, filepath.Join(l.Root, "sandbox", "servers", "aws")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script := "#!/bin/sh\nexec python3 \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, "python"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, l, "launcher.py", launcher)
	write(t, l, "requirements.txt", "")
	return l
}

func write(t *testing.T, l checkout.Layout, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(l.Root, "sandbox", "servers", "aws", name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLifecycle(t *testing.T) {
	l, ports := testCheckout(t), portsFrom(daemontest.FreePorts(t, 3))
	ensure := func(ports Ports, wantStart bool) string {
		t.Helper()
		c, started, err := Ensure(t.Context(), l, ports)
		if err != nil || started != wantStart {
			t.Fatalf("started: %v, want %v (%v)", started, wantStart, err)
		}
		instance, err := c.Instance(t.Context())
		if err != nil || instance.ID == "" {
			t.Fatalf("instance %v, %v", instance, err)
		}
		return instance.ID
	}
	first := ensure(ports, true)
	if again := ensure(ports, false); again != first {
		t.Error("a running server was replaced")
	}
	write(t, l, "more.py", "")
	second := ensure(ports, true)
	if second == first {
		t.Error("changed sources did not restart the server")
	}
	if c, found := Find(l); !found || c.Ports != ports {
		t.Errorf("found %v at %v", found, c.Ports)
	}
}

func TestFailedStartShowsTheLog(t *testing.T) {
	l := testCheckout(t)
	write(t, l, "broken", "")
	_, _, err := Ensure(t.Context(), l, portsFrom(daemontest.FreePorts(t, 3)))
	if err == nil || !strings.Contains(err.Error(), "not today") || !strings.Contains(err.Error(), "aws.log") {
		t.Errorf("got %v", err)
	}
}

func TestModelURL(t *testing.T) {
	for variable, want := range map[string]string{"": "http://127.0.0.1:4569", "http://127.0.0.1:11434": "http://127.0.0.1:11434"} {
		t.Setenv(ollamaVariable, variable)
		if got := modelURL(portsFrom(defaultPort)); got != want {
			t.Errorf("%q: %s", variable, got)
		}
	}
}
