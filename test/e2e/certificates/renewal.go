package certificates

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/test/e2e/smoke"
)

// A life so short that renewal is due as soon as the certificate is there.
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

// renewal has `pulumi up` replace the certificate by one with a short life, that
// one by its renewal, and this by one as before. The three replaced ones have to
// be revoked then.
func (p *Proof) renewal(ctx context.Context, first held, doing func(string)) []smoke.Row {
	const renewed = "renewed by up, old connection lives"
	var short, next held
	row := smoke.Check("renewal", renewed, func() (_ string, err error) {
		short, next, err = p.renew(ctx, first, doing)
		doing("the stack as it was")
		return renewed, errors.Join(err, p.Deploy(ctx, nil))
	})
	if !row.OK {
		return []smoke.Row{row}
	}
	doing("what is revoked")
	return []smoke.Row{row, smoke.Check("renewal: replaced certificates", isRevoked, func() (string, error) {
		last, err := p.read(ctx)
		if err != nil {
			return "", err
		}
		for _, gone := range []held{first, short, next} {
			if err := p.revoked(ctx, gone, &last); err != nil {
				return "", err
			}
		}
		return isRevoked, last.lives(ownLife, ownIntermediate)
	})}
}

// backdating is how much longer than asked for Vault makes a certificate's life, which
// begins half a minute early.
const backdating = time.Minute

// lives compares what is in use with the settings: a provider may say that it has
// changed a life and leave the certificate as it was.
func (h held) lives(leaf, intermediate time.Duration) error {
	for _, c := range []struct {
		what        string
		certificate *x509.Certificate
		want        time.Duration
	}{{"certificate", h.leaf, leaf}, {"intermediate", h.intermediate, intermediate}} {
		life := c.certificate.NotAfter.Sub(c.certificate.NotBefore)
		if life < c.want || life > c.want+backdating {
			return fmt.Errorf("the %s lives for %s, and the settings say %s", c.what, life, c.want)
		}
	}
	return nil
}

// renew lets a certificate fall due and deploys again, while a server goes on
// with both. It returns the two certificates.
func (p *Proof) renew(ctx context.Context, first held, doing func(string)) (short, next held, err error) {
	doing("a certificate with a short life")
	if err := p.Deploy(ctx, due); err != nil {
		return short, next, err
	}
	if short, err = p.read(ctx); err != nil {
		return short, next, err
	}
	if life := time.Until(short.leaf.NotAfter); life > shortLife || short.serial() == first.serial() {
		return short, next, fmt.Errorf("up has not replaced the certificate: it has %s left", life.Round(time.Second))
	}
	if err := short.lives(shortLife, otherIntermediate); err != nil {
		return short, next, err
	}
	s, err := serve(short.server)
	if err != nil {
		return short, next, err
	}
	defer s.close()
	open, err := dial(ctx, s.address(), p.Name, first.root)
	if err != nil {
		return short, next, err
	}
	defer open.Close()

	doing("waiting until renewal is due")
	if err := sleep(ctx, time.Until(short.leaf.NotAfter.Add(-renewBefore).Add(time.Second))); err != nil {
		return short, next, err
	}
	doing("renewing")
	if err := p.Deploy(ctx, due); err != nil {
		return short, next, err
	}
	if next, err = p.read(ctx); err != nil {
		return short, next, err
	}
	if next.serial() == short.serial() {
		return short, next, errors.New("up has not renewed the certificate")
	}
	s.certificate.Store(&next.server)
	if err := echo(open); err != nil {
		return short, next, fmt.Errorf("the connection from before: %w", err)
	}
	return short, next, p.shows(ctx, s, next)
}

// shows checks that a new connection to the server sees this certificate.
func (p *Proof) shows(ctx context.Context, s *server, h held) error {
	conn, err := dial(ctx, s.address(), p.Name, h.root)
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
