package certificates

import (
	"context"

	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// Removed has something remove the certificate from the stack, and shows that it
// is revoked then.
func (p *Proof) Removed(ctx context.Context, remove func(context.Context) error) smoke.Row {
	return smoke.Check("certificate that is no longer there", isRevoked, func() (string, error) {
		last, err := p.read(ctx)
		if err != nil {
			return "", err
		}
		if err := remove(ctx); err != nil {
			return "", err
		}
		return isRevoked, p.revoked(ctx, last, nil)
	})
}
