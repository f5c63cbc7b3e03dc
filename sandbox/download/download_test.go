package download

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patient has timeouts that no test reaches.
var patient = Client{CheckTimeout: time.Minute, StallTimeout: time.Minute}

// archive has a program and a megabyte that can't be compressed.
func archive(t *testing.T) []byte {
	t.Helper()
	filler := make([]byte, smallest)
	if _, err := rand.Read(filler); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	zipped := gzip.NewWriter(&b)
	files := tar.NewWriter(zipped)
	for name, content := range map[string][]byte{"top/program": []byte("#!/bin/sh\n"), "top/filler": filler} {
		if err := files.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := files.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(files.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sumOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL + "/archive.tar.gz"
}

// published serves content as a host with the real archive does, ranges included.
func published(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/gzip")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

func TestCheck(t *testing.T) {
	content := archive(t)
	page := []byte("<html>" + strings.Repeat("blocked ", smallest/8) + "</html>")
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"archive": {published(content), ""},
		"archive, by a server without ranges": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			_, _ = w.Write(content)
		}, ""},
		"403":       {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }, "403 Forbidden"},
		"not there": {http.NotFound, "404 Not Found"},
		"small page with 200": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<html>log in</html>"))
		}, "text/html"},
		"large page with 200, called an archive": {func(w http.ResponseWriter, r *http.Request) {
			published(page)(w, r)
		}, "other than a gzip archive"},
		"small archive": {published(content[:1000]), "smaller than an archive"},
		"unknown size": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/gzip")
			w.(http.Flusher).Flush()
			_, _ = w.Write(content)
		}, "smaller than an archive"},
		"connection that ends": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, test.handler)
			problems := patient.Check(t.Context(), address)
			if err := problems[address]; test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestCheckOfASlowHostEnds(t *testing.T) {
	release := make(chan struct{})
	address := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	start := time.Now()
	problems := Client{CheckTimeout: 50 * time.Millisecond}.Check(t.Context(), address, address+"2")
	if len(problems) != 2 || !strings.Contains(problems[address].Error(), "no response within 50ms") {
		t.Errorf("got %v", problems)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestCheckWithoutAHost(t *testing.T) {
	const address = "http://127.0.0.1:1/archive.tar.gz"
	if err := patient.Check(t.Context(), address)[address]; err == nil || strings.Contains(err.Error(), address) {
		t.Errorf("got %v", err)
	}
}

func TestBrief(t *testing.T) {
	unknown := &net.DNSError{Name: "host.test", Err: "no such host", Server: "192.0.2.1:53"}
	for want, err := range map[string]error{
		"host.test: no such host": &url.Error{Op: "Get", URL: "http://host.test/x", Err: &net.OpError{Op: "dial", Err: unknown}},
		"EOF":                     &url.Error{Op: "Get", URL: "http://host.test/x", Err: io.EOF},
		"other":                   errors.New("other"),
	} {
		if got := brief(err).Error(); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
}

// viaProxy makes a second process of this test check an address: Go reads the proxy's
// variables once in a process.
const viaProxy = "DOWNLOAD_TEST_ADDRESS"

func TestProxy(t *testing.T) {
	if address := os.Getenv(viaProxy); address != "" {
		if err := patient.Check(t.Context(), address)[address]; err != nil {
			t.Error(err)
		}
		return
	}
	var requested string
	content := archive(t)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requested = r.URL.String()
		published(content)(w, r)
	}))
	defer proxy.Close()
	const address = "http://downloads.test/archive.tar.gz"
	process := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestProxy$")
	process.Env = append(os.Environ(), viaProxy+"="+address, "HTTP_PROXY="+proxy.URL, "http_proxy=", "NO_PROXY=", "no_proxy=")
	if out, err := process.CombinedOutput(); err != nil || requested != address {
		t.Errorf("the proxy got a request for %q: %v\n%s", requested, err, out)
	}
}

func ignore(int64, int64) {}

func TestFile(t *testing.T) {
	content := archive(t)
	address := serve(t, published(content))
	path := filepath.Join(t.TempDir(), "archive")
	var done, all int64
	if err := patient.File(t.Context(), address, sumOf(content), path, func(d, a int64) { done, all = d, a }); err != nil {
		t.Fatal(err)
	}
	checkFile(t, path, content)
	if done != int64(len(content)) || all != done {
		t.Errorf("%d of %d bytes were reported, want %d", done, all, len(content))
	}
}

// checkFile fails if the file at path lacks or has something else, or if there is a
// partial one.
func checkFile(t *testing.T, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if want == nil && !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file, or %v", err)
	}
	if want != nil && !bytes.Equal(got, want) {
		t.Errorf("%d bytes differ from those that were published: %v", len(got), err)
	}
	if _, err := os.Stat(path + partial); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a partial file, or %v", err)
	}
}

func TestFileThatIsNotThePublishedOne(t *testing.T) {
	content := archive(t)
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string
	}{
		"other content": {published(append(content, 0)), "it is not used"},
		"page with 200": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>log in</html>")) }, "it is not used"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "archive")
			if err := patient.File(t.Context(), serve(t, test.handler), sumOf(content), path, ignore); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			checkFile(t, path, nil)
		})
	}
}

func TestFileThatIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archive")
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) })
	if err := patient.File(t.Context(), address, "", path, ignore); err == nil || !strings.Contains(err.Error(), "403 Forbidden") || !strings.Contains(err.Error(), address) {
		t.Errorf("got %v", err)
	}
	checkNone(t, path)
}

// checkNone fails if there is a file at path.
func checkNone(t *testing.T, path string) {
	t.Helper()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file, or %v", err)
	}
}

func TestInterruptedFileGoesOn(t *testing.T) {
	content := archive(t)
	half := len(content) / 2
	var ranges []string
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		if len(ranges) > 1 {
			published(content)(w, r)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content[:half])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	path := filepath.Join(t.TempDir(), "archive")
	if err := patient.File(t.Context(), address, sumOf(content), path, ignore); err == nil || !strings.Contains(err.Error(), "unexpected EOF") {
		t.Fatalf("the interrupted download gave %v", err)
	}
	checkNone(t, path)
	if err := patient.File(t.Context(), address, sumOf(content), path, ignore); err != nil {
		t.Fatal(err)
	}
	checkFile(t, path, content)
	if want := fmt.Sprintf("bytes=%d-", half); len(ranges) != 2 || ranges[1] != want {
		t.Errorf("requested the ranges %q, want %q second", ranges, want)
	}
}

func TestPartialFile(t *testing.T) {
	content := archive(t)
	for name, test := range map[string]struct {
		start   []byte
		handler http.HandlerFunc
	}{
		"of something else":               {[]byte("another file"), published(content)},
		"complete but for its name":       {content, published(content)},
		"at a server that has no ranges":  {content[:100], func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(content) }},
		"longer than what was published":  {append(bytes.Clone(content), 1, 2, 3), published(content)},
		"at a server with another offset": {content[:100], otherOffset(content)},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "archive")
			if err := os.WriteFile(path+partial, test.start, 0o600); err != nil {
				t.Fatal(err)
			}
			err := patient.File(t.Context(), serve(t, test.handler), sumOf(content), path, ignore)
			if strings.Contains(name, "offset") {
				if err == nil || !strings.Contains(err.Error(), "206") {
					t.Errorf("got %v", err)
				}
				checkNone(t, path)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkFile(t, path, content)
		})
	}
}

// otherOffset responds with another range than the requested one.
func otherOffset(content []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(content)-1, len(content)))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(content)
	}
}

func TestStalledDownloadEnds(t *testing.T) {
	content := archive(t)
	release := make(chan struct{})
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content[:1000])
		w.(http.Flusher).Flush()
		<-release
	})
	defer close(release)
	path := filepath.Join(t.TempDir(), "archive")
	err := Client{StallTimeout: 100 * time.Millisecond}.File(t.Context(), address, sumOf(content), path, ignore)
	if err == nil || !strings.Contains(err.Error(), "nothing arrived for 100ms") {
		t.Errorf("got %v", err)
	}
	checkNone(t, path)
}

func TestStoppedDownloadEnds(t *testing.T) {
	release := make(chan struct{})
	address := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	stop := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
	if err := patient.File(ctx, address, "", filepath.Join(t.TempDir(), "archive"), ignore); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}

func TestChecksum(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	for name, test := range map[string]struct{ list, want, problem string }{
		"among others":  {strings.Repeat("cd", 32) + "  b.zip\n" + sum + "  a.tar.gz\n", sum, ""},
		"of a binary":   {sum + " *a.tar.gz\n", sum, ""},
		"upper case":    {strings.ToUpper(sum) + "  a.tar.gz", sum, ""},
		"not there":     {sum + "  xa.tar.gz\n", "", "no SHA-256 checksum of a.tar.gz"},
		"another kind":  {sum[:40] + "  a.tar.gz\n", "", "no SHA-256 checksum of a.tar.gz"},
		"page with 200": {"<html>log in</html>", "", "no SHA-256 checksum of a.tar.gz"},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(test.list)) })
			got, err := patient.Checksum(t.Context(), address, "a.tar.gz")
			if got != test.want || test.problem == "" && err != nil || test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)) {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	if _, err := patient.Checksum(t.Context(), serve(t, http.NotFound), "a.tar.gz"); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("without a list: %v", err)
	}
}

func TestUnpack(t *testing.T) {
	dir := t.TempDir()
	packed, target := filepath.Join(dir, "archive"), filepath.Join(dir, "program")
	content := archive(t)
	if err := os.WriteFile(packed, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Unpack(packed, map[string]string{"top/program": target}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(target); err != nil || info.Mode().Perm()&0o100 == 0 {
		t.Errorf("the program can't be run: %v, %v", info, err)
	}
	if err := Unpack(packed, map[string]string{"top/program": target + "2", "top/other": target + "3"}); err == nil || !strings.Contains(err.Error(), "it lacks top/other") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(packed, content[:len(content)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Unpack(packed, map[string]string{"top/filler": target + "4"}); err == nil {
		t.Error("half an archive was unpacked")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("failed attempts left %v", entries)
	}
}
