package secretscan

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"strings"
	"testing"
)

const secret = "q7/Zk+3vLw9xT2=bN5cR8sD1fG4hJ6mP0"

func TestScannerFindsEveryEncoding(t *testing.T) {
	s := New([]string{secret})
	for name, content := range map[string]string{
		"in clear":     "value " + secret + ".",
		"query":        "a=" + url.QueryEscape(secret),
		"path":         "/" + url.PathEscape(secret),
		"hex":          hex.EncodeToString([]byte(secret)),
		"upper hex":    strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"alone base64": base64.StdEncoding.EncodeToString([]byte(secret)),
	} {
		if !s.Found([]byte(content)) {
			t.Errorf("%s: not found in %s", name, content)
		}
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding} {
		for before := range 5 {
			for after := range 5 {
				content := encoding.EncodeToString([]byte(strings.Repeat("<", before) + secret + strings.Repeat(">", after)))
				if !s.Found([]byte(content)) {
					t.Errorf("not found in base64 with %d bytes before and %d after", before, after)
				}
			}
		}
	}
	for _, content := range []string{"", "q7/Zk", secret[1:], base64.StdEncoding.EncodeToString([]byte(secret[3:]))} {
		if s.Found([]byte(content)) {
			t.Errorf("found in %q", content)
		}
	}
}
