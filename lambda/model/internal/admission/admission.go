// Package admission admits the requests of clients to models: it identifies the client by
// its credential, reserves the most that the request may cost of the client's budget, and
// settles that with what the request did cost.
//
// Package admit decides, and one conditional write of the client's item admits: what is
// remembered of identities and policies saves reads, but admits nothing by itself.
// Without the table, no request is admitted.
package admission

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/admit"
	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/lru"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

// Store is the table of clients: a [clientstore.Store].
type Store interface {
	admit.Store
	Usage(ctx context.Context, name string, from, to time.Time) ([]clientstore.Row, error)
	EndKey(ctx context.Context, name, keyID string) error
}

// Settler writes what is left to write when a request has ended: a [clientstore.Store].
type Settler interface {
	Settle(ctx context.Context, s budget.Settlement) (applied bool, err error)
	AddUsage(ctx context.Context, row clientstore.Row, days int) error
}

// Config configures an [Admission].
type Config struct {
	Store   Store
	Settler Settler

	Prices    price.Table // of each model that can be requested
	UsageDays int         // until a row of usage expires

	// Tokens identifies clients by tokens of OIDC issuers; nil accepts none.
	Tokens *admit.Tokens

	// Anonymous is set if requests without a key of this API belong to the client
	// [client.Anonymous]. They are refused otherwise.
	Anonymous bool

	Now    func() time.Time // [time.Now] if nil
	Random io.Reader        // of nonces; that of crypto/rand if nil
}

// Timeouts of the calls of the table, retries included. A settlement is made within the
// last seconds of an invocation.
const (
	callTimeout = 3 * time.Second

	// SettleTimeout is that of a settlement.
	SettleTimeout = time.Second

	// settleMargin is the time from the end of a settlement to the deadline of the
	// invocation, in which the response is still returned.
	settleMargin = 200 * time.Millisecond
)

// holdMargin is the time from the deadline of an invocation to the end of its hold: Lambda
// ends the function at its deadline, and clocks may differ by half a minute.
const holdMargin = 31 * time.Second

// ErrUnavailable is wrapped by errors of the table. Nothing was admitted.
var ErrUnavailable = errors.New("the table of clients can't be reached")

// Admission admits requests. It is safe for concurrent use.
type Admission struct {
	Config

	admitter *admit.Admitter
	warned   *lru.Map[string, bool]
}

// maxWarned is the number of windows of budgets whose warnings are remembered.
const maxWarned = 1024

// New returns an Admission with these settings. It fails if a model has no price.
func New(config Config, models []string) (*Admission, error) {
	for _, model := range models {
		if _, priced := config.Prices[model]; !priced {
			return nil, fmt.Errorf("model %q has no price: each model needs one while clients have budgets", model)
		}
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Random == nil {
		config.Random = rand.Reader
	}
	return &Admission{
		Config:   config,
		admitter: admit.New(bounded{config.Store}),
		warned:   lru.New[string, bool](maxWarned),
	}, nil
}

// bounded is a store whose calls before the model's have a timeout.
type bounded struct{ store admit.Store }

func (b bounded) Resolve(ctx context.Context, d credential.Digest) (clientstore.Identity, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return b.store.Resolve(ctx, d)
}

func (b bounded) Client(ctx context.Context, name string) (client.Record, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return b.store.Client(ctx, name)
}

func (b bounded) Reserve(ctx context.Context, r budget.Reservation) (budget.Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return b.store.Reserve(ctx, r)
}

// holdID returns the id of a request's hold. Its nonce has 40 random bits: enough that no
// two requests of a client that end in the same second have the same, and short, since 40
// holds should fit into one write unit.
func (a *Admission) holdID(ctx context.Context, now time.Time) (string, error) {
	end, bounded := ctx.Deadline()
	if !bounded {
		end = now.Add(time.Minute)
	}
	var nonce [5]byte
	if _, err := io.ReadFull(a.Random, nonce[:]); err != nil {
		return "", err
	}
	return client.HoldID(end.Add(holdMargin), base64.RawURLEncoding.EncodeToString(nonce[:])), nil
}

// unavailable wraps an error of the table.
func unavailable(doing string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, doing, err)
}
