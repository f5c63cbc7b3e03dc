package certificate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/local/internal/prove"
)

// A life so short that renewal is due as soon as the certificate is there.
const (
	shortLife   = 10 * time.Minute
	renewBefore = shortLife - 2*time.Second
)

// due are settings with which `pulumi up` makes a certificate that is due for
// renewal two seconds later.
var due = map[string]any{
	"gatehouse:certificateTtl":         shortLife.String(),
	"gatehouse:certificateRenewBefore": renewBefore.String(),
}

// renewal has `pulumi up` replace the certificate by one with a short life, that
// one by its renewal, and this by one as before. The three replaced ones have to
// be revoked then.
func (p *Proof) renewal(ctx context.Context, first held, doing func(string)) []prove.Row {
	const renewed = "renewed by up, old connection lives"
	var short, next held
	row := prove.Check("renewal", renewed, func() (_ string, err error) {
		short, next, err = p.renew(ctx, first, doing)
		doing("the stack as it was")
		return renewed, errors.Join(err, p.Deploy(ctx, nil))
	})
	if !row.OK {
		return []prove.Row{row}
	}
	doing("what is revoked")
	return []prove.Row{row, prove.Check("renewal: replaced certificates", isRevoked, func() (string, error) {
		last, err := p.read(ctx)
		if err != nil {
			return "", err
		}
		for _, gone := range []held{first, short, next} {
			if err := p.revoked(ctx, gone, &last); err != nil {
				return "", err
			}
		}
		return isRevoked, nil
	})}
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
