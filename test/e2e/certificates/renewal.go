package certificates

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
)

// shortLife is so short that renewal is due as soon as the certificate is there.
const (
	shortLife   = 10 * time.Minute
	renewBefore = shortLife - 2*time.Second
)

// otherIntermediate is another life of the intermediate than the stack's own.
const otherIntermediate = 1000 * time.Hour

// due are settings with which `pulumi up` makes a certificate that is due for
// renewal two seconds later, below another intermediate.
var due = map[string]any{
	"gatehouse:certificateTtl":             shortLife.String(),
	"gatehouse:certificateRenewBefore":     renewBefore.String(),
	"gatehouse:certificateIntermediateTtl": otherIntermediate.String(),
}

// The lives by default, as the stack has them.
const (
	ownLife         = 720 * time.Hour
	ownIntermediate = 43_800 * time.Hour
)

// RenewalChecks have `pulumi up` replace the certificate by one with a short life, that
// one by its renewal, and this by one as before. The three replaced ones must be revoked
// then. The checks take minutes; the second belongs to the first.
func (c *Checker) RenewalChecks() []check.Check {
	var replaced []held
	return []check.Check{
		simple("renewal", "renewed by up, old connection lives", func(ctx context.Context) error {
			first, err := c.read(ctx)
			if err != nil {
				return err
			}
			short, next, err := c.renew(ctx, first)
			if err == nil {
				replaced = []held{first, short, next}
			}
			c.doing("the stack's own settings")
			return errors.Join(err, c.Deploy(ctx, nil, c.doing))
		}),
		simple("renewal: replaced certificates", isRevoked, func(ctx context.Context) error {
			if replaced == nil {
				return errors.New("the certificate was not renewed")
			}
			last, err := c.read(ctx)
			if err != nil {
				return err
			}
			for _, old := range replaced {
				if err := c.verifyRevoked(ctx, old, &last); err != nil {
					return err
				}
			}
			return last.verifyLives(ownLife, ownIntermediate)
		}),
	}
}

// backdating is the most by which a life is longer than requested: Vault has it begin half
// a minute early.
const backdating = time.Minute

// verifyLives compares what is in use with the settings: a provider may report that it
// changed a life and leave the certificate as it was.
func (h held) verifyLives(leaf, intermediate time.Duration) error {
	for _, c := range []struct {
		what        string
		certificate *x509.Certificate
		want        time.Duration
	}{{"certificate", h.leaf, leaf}, {"intermediate", h.intermediate, intermediate}} {
		life := c.certificate.NotAfter.Sub(c.certificate.NotBefore)
		if life < c.want || life > c.want+backdating {
			return fmt.Errorf("the %s lives for %s, want %s as in the settings", c.what, life, c.want)
		}
	}
	return nil
}

// renew lets a certificate fall due and deploys again, while a server goes on
// with both. It returns the two certificates.
func (c *Checker) renew(ctx context.Context, first held) (short, next held, err error) {
	c.doing("a certificate with a short life")
	if err := c.Deploy(ctx, due, c.doing); err != nil {
		return short, next, err
	}
	if short, err = c.read(ctx); err != nil {
		return short, next, err
	}
	if life := time.Until(short.leaf.NotAfter); life > shortLife || short.serial() == first.serial() {
		return short, next, fmt.Errorf("up has not replaced the certificate: it has %s left", life.Round(time.Second))
	}
	if err := short.verifyLives(shortLife, otherIntermediate); err != nil {
		return short, next, err
	}
	s, err := serve(short.server)
	if err != nil {
		return short, next, err
	}
	defer s.close()
	open, err := dial(ctx, s.address(), c.Name, first.root)
	if err != nil {
		return short, next, err
	}
	defer open.Close()

	c.doing("waiting until renewal is due")
	if err := sleep(ctx, time.Until(short.leaf.NotAfter.Add(-renewBefore).Add(time.Second))); err != nil {
		return short, next, err
	}
	c.doing("renewing")
	if err := c.Deploy(ctx, due, c.doing); err != nil {
		return short, next, err
	}
	if next, err = c.read(ctx); err != nil {
		return short, next, err
	}
	if next.serial() == short.serial() {
		return short, next, errors.New("up has not renewed the certificate")
	}
	s.certificate.Store(&next.server)
	if err := echo(open); err != nil {
		return short, next, fmt.Errorf("the connection from before: %w", err)
	}
	return short, next, c.verifyShown(ctx, s, next)
}

// verifyShown checks that a new connection to the server sees this certificate.
func (c *Checker) verifyShown(ctx context.Context, s *server, h held) error {
	conn, err := dial(ctx, s.address(), c.Name, h.root)
	if err != nil {
		return err
	}
	defer conn.Close()
	if seen := conn.ConnectionState().PeerCertificates[0]; serial(seen) != h.serial() {
		return errors.New("the server still shows another certificate")
	}
	return echo(conn)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
