package certificate

import (
	"context"

	"github.com/gatehouse-iac/gatehouse/local/internal/prove"
)

// Destroyed has destroy remove the certificate, and shows that it is revoked
// then.
func (p *Proof) Destroyed(ctx context.Context, destroy func(context.Context) error) prove.Row {
	const expected = "revoked: CRL, OCSP"
	return prove.Check("destroyed certificate", expected, func() (string, error) {
		last, err := p.read(ctx)
		if err != nil {
			return "", err
		}
		if err := destroy(ctx); err != nil {
			return "", err
		}
		return expected, revoked(ctx, last, nil)
	})
}
