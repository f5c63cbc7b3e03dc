package daemon_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon/daemontest"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

const server = `import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
        self.wfile.write(b"%d" % os.getpid())
os.mkdir(sys.argv[2])
print("here", flush=True)
http.server.HTTPServer.allow_reuse_address = True
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
`

// daemonIn returns a server that creates a folder, which must not be there.
func daemonIn(t *testing.T) (checkout.Layout, daemon.Daemon) {
	t.Helper()
	l := daemontest.Checkout(t, "thing")
	port, files := daemontest.FreePorts(t, 1), l.Run("thing")
	return l, daemon.Daemon{
		Name: "thing", Args: []string{"python3", "-c", server, fmt.Sprint(port), files},
		Source: "one", Ports: []int{port}, Files: []string{files},
		Ready: func(context.Context) error { _, err := get(port); return err },
	}
}

func get(port int) (string, error) {
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d", port))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestLifecycle(t *testing.T) {
	l, d := daemonIn(t)
	ensure := func(wantStart bool) daemon.Running {
		t.Helper()
		r, started, err := daemon.Ensure(t.Context(), l, d)
		if err != nil || started != wantStart {
			t.Fatalf("started: %v, want %v (%v)", started, wantStart, err)
		}
		if pid, err := get(d.Ports[0]); err != nil || pid != fmt.Sprint(r.Process.PID) {
			t.Fatalf("process %s answers, recorded is %d (%v)", pid, r.Process.PID, err)
		}
		return r
	}
	first := ensure(true)
	if again := ensure(false); again.Instance() != first.Instance() {
		t.Error("a running server was replaced")
	}
	if err := daemon.Usable(l, d.Name, d.Ports...); err != nil {
		t.Errorf("our own server's ports count as taken: %v", err)
	}
	if err := daemon.Usable(l, "other", d.Ports...); err == nil {
		t.Error("another server's ports count as free")
	}
	d.Source = "two"
	second := ensure(true)
	if second.Instance() == first.Instance() {
		t.Error("a changed source did not start it again")
	}
	old := d.Ports[0]
	d.Ports = []int{daemontest.FreePorts(t, 1)}
	d.Args[3] = fmt.Sprint(d.Ports[0])
	d.Ready = func(context.Context) error { _, err := get(d.Ports[0]); return err }
	ensure(true)
	if err := daemon.Free(old); err != nil {
		t.Errorf("moved, but still on the old port: %v", err)
	}
	for range 2 { // the second time there is nothing to stop
		if err := daemon.Stop(t.Context(), l, d.Name); err != nil {
			t.Fatal(err)
		}
	}
	if _, found := daemon.Find(l, d.Name); found {
		t.Error("found a stopped server")
	}
	if left, _ := os.ReadDir(l.Run("")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestKilledServerIsStartedAgain(t *testing.T) {
	l, d := daemonIn(t)
	first, _, err := daemon.Ensure(t.Context(), l, d)
	if err != nil {
		t.Fatal(err)
	}
	if killed, err := os.FindProcess(first.Process.PID); err != nil || killed.Kill() != nil {
		t.Fatal("not killed", err)
	}
	for first.Process.Running() {
	}
	if _, err := os.Stat(d.Files[0]); err != nil {
		t.Fatal("it took its files along: this shows nothing")
	}
	if _, started, err := daemon.Ensure(t.Context(), l, d); err != nil || !started {
		t.Errorf("started: %v, %v", started, err)
	}
}

func TestFailedStartShowsTheLog(t *testing.T) {
	l, d := daemonIn(t)
	d.Args[2] = `import sys; sys.exit("not today")`
	_, _, err := daemon.Ensure(t.Context(), l, d)
	if err == nil || !strings.Contains(err.Error(), "not today") || !strings.Contains(err.Error(), filepath.Join("logs", "thing.log")) {
		t.Errorf("got %v", err)
	}
}

func TestFreeNamesThePort(t *testing.T) {
	port := daemontest.FreePorts(t, 1)
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	err = daemon.Free(port, daemontest.FreePorts(t, 1))
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d cannot be used", port)) || strings.Count(err.Error(), "port ") != 1 {
		t.Errorf("got %v", err)
	}
}

// testVariable makes the test binary start a server and wait to be killed.
const testVariable = "GATEHOUSE_TEST_START_AND_WAIT"

func TestServerEndsWithAKilledTest(t *testing.T) {
	if os.Getenv(testVariable) != "" {
		l, d := daemonIn(t)
		r, _, err := daemon.Ensure(t.Context(), l, d)
		if err != nil {
			t.Fatal(err)
		}
		if err := process.WriteRecord(os.Getenv(testVariable), r.Process); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux can end a child with its parent")
	}
	record := filepath.Join(t.TempDir(), "record")
	test := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	test.Env = append(os.Environ(), testVariable+"="+record)
	if err := test.Start(); err != nil {
		t.Fatal(err)
	}
	var server process.ID
	for deadline := time.Now().Add(30 * time.Second); !process.ReadRecord(record, &server) && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	if !server.Running() {
		t.Error("the server does not run")
	}
	_ = test.Process.Kill()
	_ = test.Wait()
	for deadline := time.Now().Add(5 * time.Second); server.Running() && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	if server.Running() {
		t.Error("the server goes on after its test was killed")
		_ = server.Stop(t.Context(), time.Second)
	}
}
