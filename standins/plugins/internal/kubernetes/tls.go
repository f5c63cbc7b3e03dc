package kubernetes

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const tlsType = "kubernetes.io/tls"

// tlsProblem returns what makes a TLS Secret useless, or an empty string. The server
// refuses only a missing part; it accepts an invalid one with a warning.
func tlsProblem(secret *unstructured.Unstructured) string {
	if !isSecret(secret) || secret.Object["type"] != tlsType || hasUnknown(secret.Object["data"]) {
		return ""
	}
	certificates, err := decoded(secret, "tls.crt")
	key, err2 := decoded(secret, "tls.key")
	err = errors.Join(err, err2)
	if err == nil {
		err = everyCertificate(certificates)
	}
	if err == nil {
		// Its errors never show the key.
		if _, err = tls.X509KeyPair(certificates, key); err != nil {
			err = fmt.Errorf("tls.crt and tls.key: %w", err)
		}
	}
	if err != nil {
		return fmt.Sprintf("a Secret of type %s must hold PEM certificates, the server's first, and its private key: %v", tlsType, err)
	}
	return ""
}

func decoded(secret *unstructured.Unstructured, name string) ([]byte, error) {
	data, _ := secret.Object["data"].(map[string]any)
	text, ok := data[name].(string)
	if !ok || text == "" {
		return nil, fmt.Errorf("%s is missing", name)
	}
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not written in base64; stringData takes it as it is", name)
	}
	return content, nil
}

func everyCertificate(content []byte) error {
	for n := 1; ; n++ {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			return nil
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return fmt.Errorf("tls.crt: certificate %d: %w", n, err)
		}
	}
}
