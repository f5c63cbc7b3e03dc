package certificates

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"

	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// refusedSecrets shows what becomes of TLS secrets that no server can use. The
// API server looks for the two parts only, and warns of what is not PEM; what
// else is wrong a server finds when it starts.
func (p *Proof) refusedSecrets(ctx context.Context, h held, doing func(string)) []smoke.Row {
	doing("TLS secrets that are none")
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.leaf.Raw})
	rubbish := []byte("not PEM")
	return []smoke.Row{
		smoke.Check("TLS secret without a key", "refused", func() (string, error) {
			_, err := p.store(ctx, map[string][]byte{"tls.crt": chain})
			return "refused", refused(err, http.StatusUnprocessableEntity)
		}),
		smoke.Check("TLS secret that is not PEM", "warned of; no server takes it", func() (string, error) {
			warning, err := p.store(ctx, map[string][]byte{"tls.crt": rubbish, "tls.key": rubbish})
			if err != nil {
				return "", err
			}
			if !strings.Contains(warning, "PEM") {
				return "", errors.New("no warning")
			}
			if _, err := tls.X509KeyPair(rubbish, rubbish); err == nil {
				return "", errors.New("a server takes it")
			}
			return "warned of; no server takes it", nil
		}),
	}
}

// store asks the API server whether it would take a TLS secret with this data.
// It returns the server's warning.
func (p *Proof) store(ctx context.Context, data map[string][]byte) (warning string, err error) {
	var header http.Header
	c := p.Kubernetes.Client()
	c.Answered = func(h http.Header) { header = h }
	err = c.Do(ctx, http.MethodPost, "/api/v1/namespaces/"+p.Namespace+"/secrets?dryRun=All", map[string]any{
		"metadata": map[string]any{"generateName": "proof-"}, "type": "kubernetes.io/tls", "data": data,
	}, nil)
	return header.Get("Warning"), err
}
