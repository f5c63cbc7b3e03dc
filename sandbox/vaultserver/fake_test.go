package vaultserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
)

// fakeVariable makes the test binary a server, whose arguments and configuration go to the
// file of this name.
const fakeVariable = "GATEHOUSE_TEST_FAKE_VAULT"

// The secrets of the fake server.
const (
	fakeToken = "s.the-root-token"
	fakeKey   = "dGhlIHVuc2VhbCBrZXk="
)

func TestMain(m *testing.M) {
	if report := os.Getenv(fakeVariable); report != "" && len(os.Args) > 1 && os.Args[1] == "server" {
		fmt.Println(serveFake(report))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// seen has what the fake server was started with.
type seen struct {
	Args   []string
	Config struct {
		Listener []struct{ TCP struct{ Address string } }
	}
	Raw json.RawMessage
}

// serveFake serves those endpoints of Vault that the driver uses.
func serveFake(report string) error {
	s := seen{Args: os.Args}
	content, err := os.ReadFile(strings.TrimPrefix(os.Args[2], "-config="))
	if err != nil {
		return err
	}
	s.Raw = content
	if err := json.Unmarshal(content, &s.Config); err != nil {
		return err
	}
	if content, err = json.Marshal(s); err != nil {
		return err
	}
	if err := checkout.WriteFile(report, content, 0o600); err != nil {
		return err
	}
	status := map[string]bool{"initialized": false, "sealed": true}
	respond := func(w http.ResponseWriter, body any) { _ = json.NewEncoder(w).Encode(body) }
	http.HandleFunc("GET /v1/sys/seal-status", func(w http.ResponseWriter, _ *http.Request) { respond(w, status) })
	http.HandleFunc("PUT /v1/sys/init", func(w http.ResponseWriter, _ *http.Request) {
		if status["initialized"] {
			http.Error(w, `{"errors":["Vault is already initialized"]}`, http.StatusBadRequest)
			return
		}
		status["initialized"] = true
		respond(w, map[string]any{"keys_base64": []string{fakeKey}, "root_token": fakeToken})
	})
	http.HandleFunc("PUT /v1/sys/unseal", func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Key string }
		if json.NewDecoder(r.Body).Decode(&body) != nil || body.Key != fakeKey {
			http.Error(w, `{"errors":["not this key"]}`, http.StatusBadRequest)
			return
		}
		status["sealed"] = false
		respond(w, status)
	})
	http.HandleFunc("GET /v1/sys/health", func(w http.ResponseWriter, _ *http.Request) {
		if status["sealed"] {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		respond(w, status)
	})
	fmt.Println("serving")
	return http.ListenAndServe(s.Config.Listener[0].TCP.Address, nil)
}

// installFake makes this test's binary the server of a checkout. It returns what that saw
// when it was started last.
func installFake(t *testing.T, l checkout.Layout) func() seen {
	t.Helper()
	report := filepath.Join(t.TempDir(), "seen")
	t.Setenv(fakeVariable, report)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := link(self, l.Bin(ProgramName)); err != nil {
		t.Fatal(err)
	}
	if err := checkout.WriteFile(l.Stamp(ProgramName), []byte("openbao fake"), 0o600); err != nil {
		t.Fatal(err)
	}
	return func() (s seen) {
		t.Helper()
		content, err := os.ReadFile(report)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(content, &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
}
