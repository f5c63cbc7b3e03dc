package bench

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
)

// parameterStore serves the operations of Parameter Store that authorizers call, with one
// value, and counts the calls.
type parameterStore struct {
	url    string
	value  string
	name   string
	calls  atomic.Int64
	server *http.Server
}

func startParameterStore(name, value string) (*parameterStore, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &parameterStore{url: "http://" + listener.Addr().String(), name: name, value: value}
	p.server = &http.Server{Handler: p}
	go func() { _ = p.server.Serve(listener) }()
	return p, nil
}

// ServeHTTP implements [http.Handler] in the protocol AWS JSON 1.1.
func (p *parameterStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.calls.Add(1)
	parameter := map[string]any{"Name": p.name, "Type": "SecureString", "Value": p.value, "LastModifiedDate": 1_700_000_000}
	var response any
	switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operation {
	case "GetParametersByPath":
		response = map[string]any{"Parameters": []any{parameter}}
	case "GetParameter":
		response = map[string]any{"Parameter": parameter}
	default:
		http.Error(w, "unknown operation", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(response)
}

func (p *parameterStore) close() error {
	return errors.Join(p.server.Close())
}
