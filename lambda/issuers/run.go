package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/token"
)

// table writes items: a [dynamo.Client].
type table interface {
	TransactWrite(ctx context.Context, writes []dynamo.Write) error
}

// reader reads the keys of issuers and stores them.
type reader struct {
	issuers []token.Issuer
	table   table
	http    *http.Client
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
	log     *slog.Logger
}

// summary is the response of a run: the number of keys by the issuer's name.
type summary struct {
	Keys map[string]int `json:"keys"`
}

// run reads the keys of each issuer, at the same time. It fails if it fails for one of
// them, whose keys of before then stay; the others' are stored.
func (r *reader) run(ctx context.Context) (summary, error) {
	var (
		group  sync.WaitGroup
		mu     sync.Mutex
		read   = summary{Keys: map[string]int{}}
		failed []error
	)
	for _, issuer := range r.issuers {
		group.Go(func() {
			keys, err := r.refresh(ctx, issuer)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, fmt.Errorf("issuer %s: %w", issuer.Name, err))
				r.log.ErrorContext(ctx, "the keys of an issuer can't be read or stored", "issuer", issuer.Name, "error", err)
				return
			}
			read.Keys[issuer.Name] = keys
			r.log.InfoContext(ctx, "keys of an issuer stored", "issuer", issuer.Name, "keys", keys)
		})
	}
	group.Wait()
	return read, errors.Join(failed...)
}

// refresh reads and stores the keys of an issuer, and returns their number. Their time is
// that at which the read began.
func (r *reader) refresh(ctx context.Context, issuer token.Issuer) (int, error) {
	began := r.now()
	keys, err := fetchKeys(ctx, r.http, issuer)
	if err != nil {
		return 0, err
	}
	issuer.Keys = keys
	write, err := clientstore.PublishedKeys{Issuer: issuer, At: began}.Put()
	if err != nil {
		return 0, err
	}
	return keys.Len(), r.whenAllowed(ctx, func() error { return r.table.TransactWrite(ctx, []dynamo.Write{write}) })
}

// deniedTimeout is the time for which a run retries a write that IAM denies.
const deniedTimeout = 20 * time.Second

// whenAllowed calls do, with backoff, until IAM allows it or deniedTimeout is over. The
// first run comes right after the role and its policy were written, and IAM is eventually
// consistent.
func (r *reader) whenAllowed(ctx context.Context, do func() error) error {
	for backoff, left := time.Second, deniedTimeout; ; backoff *= 2 {
		err := do()
		var apiError smithy.APIError
		denied := errors.As(err, &apiError) && apiError.ErrorCode() == "AccessDeniedException"
		if !denied || left < backoff {
			return err
		}
		r.log.WarnContext(ctx, "denied, which may be because the role is new; retrying", "error", err)
		left -= backoff
		if r.sleep(ctx, backoff) != nil {
			return err
		}
	}
}
