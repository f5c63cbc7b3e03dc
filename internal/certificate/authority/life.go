package authority

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// backdating is how much earlier than it was issued a certificate may begin, so that
// clocks that are slow take it. Vault's is 30 seconds.
const backdating = 5 * time.Minute

// checkLife refuses a root that was made for another life than the settings say. The
// provider would take the new one for an update, do nothing, and say that it is done;
// another root is nothing that a setting may bring about, since clients trust this one.
func checkLife(certificate string, ttl time.Duration) error {
	block, _ := pem.Decode([]byte(certificate))
	if block == nil {
		return errors.New("the root's certificate isn't PEM")
	}
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return fmt.Errorf("the root's certificate: %w", err)
	}
	if life := root.NotAfter.Sub(root.NotBefore); life < ttl || life > ttl+backdating {
		return fmt.Errorf("the root was made for %s, until %s, and gatehouse:certificateRootTtl is %s; allowed: what it was made for, or another root with `pulumi up --replace '**::authority-root'`, "+
			"once every client trusts it (docs/certificates.md)", life.Round(time.Hour), root.NotAfter.UTC().Format(time.DateOnly), ttl)
	}
	return nil
}
