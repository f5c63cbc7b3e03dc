package certificates

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/check"
)

// rejectedSecrets check what happens to TLS secrets that no server can use. The API
// server verifies only that both parts are there, and warns of content that is not PEM. A
// server finds everything else when it starts.
func (c *Checker) rejectedSecrets() []check.Check {
	rubbish := []byte("not PEM")
	return []check.Check{
		simple("TLS secret without a key", "rejected", func(ctx context.Context) error {
			h, err := c.held(ctx)
			if err != nil {
				return err
			}
			chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.leaf.Raw})
			_, err = c.store(ctx, map[string][]byte{"tls.crt": chain})
			return rejected(err, http.StatusUnprocessableEntity)
		}),
		simple("TLS secret that is not PEM", "a warning; no server takes it", func(ctx context.Context) error {
			warning, err := c.store(ctx, map[string][]byte{"tls.crt": rubbish, "tls.key": rubbish})
			if err != nil {
				return err
			}
			if !strings.Contains(warning, "PEM") {
				return errors.New("no warning")
			}
			if _, err := tls.X509KeyPair(rubbish, rubbish); err == nil {
				return errors.New("a server takes it")
			}
			return nil
		}),
	}
}

// store returns an error unless the API server would accept a TLS secret with this data,
// and the server's warning.
func (c *Checker) store(ctx context.Context, data map[string][]byte) (warning string, err error) {
	var header http.Header
	client := c.Kubernetes.Client()
	client.Answered = func(h http.Header) { header = h }
	err = client.Do(ctx, http.MethodPost, "/api/v1/namespaces/"+c.Namespace+"/secrets?dryRun=All", map[string]any{
		"metadata": map[string]any{"generateName": "check-"}, "type": "kubernetes.io/tls", "data": data,
	}, nil)
	return header.Get("Warning"), err
}
