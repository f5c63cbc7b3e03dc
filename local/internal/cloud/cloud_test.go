package cloud

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/local/internal/layout"
)

func TestPortsFrom(t *testing.T) {
	for value, want := range map[string]Ports{"": {4566, 4567, 4568}, "14566": {14566, 14567, 14568}} {
		if got, err := PortsFrom(value); err != nil || got != want {
			t.Errorf("%q: got %v, %v", value, got, err)
		}
	}
	for _, value := range []string{"80", "65534", "x", "-1"} {
		if _, err := PortsFrom(value); err == nil || !strings.Contains(err.Error(), "GATEHOUSE_PORT") {
			t.Errorf("%q: got %v", value, err)
		}
	}
}

// freePorts finds three consecutive free ports.
func freePorts(t *testing.T) Ports {
	t.Helper()
	for first := 20000; first < 60000; first += 7 {
		if p, _ := PortsFrom(fmt.Sprint(first)); p.Check() == nil {
			return p
		}
	}
	t.Fatal("no free ports")
	return Ports{}
}

func TestCheckNamesThePortAndTheMend(t *testing.T) {
	p := freePorts(t)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p.API))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	err = p.Check()
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d cannot be used", p.API)) || !strings.Contains(err.Error(), PortVariable) ||
		strings.Contains(err.Error(), fmt.Sprint(p.AWS)) {
		t.Errorf("got %v", err)
	}
}

// launcher is a cloud without a cloud: it listens and tells an id.
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
    sys.exit("no cloud today")
Server(("127.0.0.1", port), Answer).serve_forever()
`

// checkout is a project whose cloud is the launcher above.
func checkout(t *testing.T) layout.Layout {
	t.Helper()
	l := layout.Layout{Root: t.TempDir()}
	if err := l.Prepare(); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Dir(l.Python(layout.CloudVenv))
	for _, dir := range []string{bin, filepath.Join(l.Root, "local", "cloud")} {
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
	t.Cleanup(func() {
		if err := Stop(context.Background(), l); err != nil {
			t.Error(err)
		}
	})
	return l
}

func write(t *testing.T, l layout.Layout, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(l.Root, "local", "cloud", name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLifecycle(t *testing.T) {
	l, ports := checkout(t), freePorts(t)
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
		t.Error("a running cloud was replaced")
	}
	if err := CheckPorts(l, ports); err != nil {
		t.Errorf("our own cloud's ports count as taken: %v", err)
	}
	write(t, l, "more.py", "")
	second := ensure(ports, true)
	if second == first {
		t.Error("changed sources did not restart the cloud")
	}
	if err := Stop(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if _, found := Find(l); found {
		t.Error("found a stopped cloud")
	}
	if err := Stop(t.Context(), l); err != nil {
		t.Errorf("stopping nothing: %v", err)
	}
}

func TestFailedStartShowsTheLog(t *testing.T) {
	l := checkout(t)
	write(t, l, "broken", "")
	_, _, err := Ensure(t.Context(), l, freePorts(t))
	if err == nil || !strings.Contains(err.Error(), "no cloud today") || !strings.Contains(err.Error(), "cloud.log") {
		t.Errorf("got %v", err)
	}
}
