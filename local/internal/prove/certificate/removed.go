package certificate

import (
	"context"

	"github.com/gatehouse-iac/gatehouse/local/internal/prove"
)

// Removed has something remove the certificate from the stack, and shows that it
// is revoked then.
func (p *Proof) Removed(ctx context.Context, remove func(context.Context) error) prove.Row {
	return prove.Check("certificate that is no longer there", isRevoked, func() (string, error) {
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
