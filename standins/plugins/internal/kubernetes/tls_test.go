package kubernetes

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

// pair is a self-signed certificate and its key.
func pair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "model.example.com"}, NotAfter: time.Now().Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
}

func base(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestTLSSecrets(t *testing.T) {
	certificate, key := pair(t)
	other, otherKey := pair(t)
	secret := func(certificate, key any) props {
		return props{"apiVersion": "v1", "kind": "Secret", "type": tlsType, "data": props{"tls.crt": certificate, "tls.key": key}}
	}
	broken := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("rubbish")}))
	for _, test := range []struct {
		name   string
		secret props
		want   string
	}{
		{"good", secret(base(certificate), base(key)), ""},
		{"good chain", secret(base(certificate+other), base(key)), ""},
		{"not known yet", secret(notYet, base(key)), ""},
		{"another kind of secret", props{"apiVersion": "v1", "kind": "Secret", "data": props{"tls.crt": "!"}}, ""},
		{"rubbish", secret(base("rubbish"), base("rubbish")), "failed to find any PEM data in certificate input"},
		{"rubbish key", secret(base(certificate), base("rubbish")), "failed to find any PEM data in key input"},
		{"another's key", secret(base(certificate), base(otherKey)), "private key does not match public key"},
		{"rubbish in the chain", secret(base(certificate+broken), base(key)), "certificate 2"},
		{"not in base64", secret(certificate, base(key)), "tls.crt is not written in base64"},
		{"missing", secret(base(certificate), nil), "tls.key is missing"},
		{"all missing", secret(nil, nil), "tls.crt is missing"},
	} {
		got := tlsProblem(object(test.secret))
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q", test.name, got)
		}
	}
}
