// Package admit admits the requests of clients: it identifies the credential, decides by
// what it remembers of the client, and writes the reservation, which the table applies
// only if the decision still holds. The model function and the authorizer of the private
// route use it.
//
// Nothing that it remembers can admit a request that the table would refuse: the policy's
// revision, the budget and the rate are conditions of the write. A refusal by what is
// remembered is confirmed by a consistent read.
package admit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/lru"
)

// Store is the table of clients: a [clientstore.Store].
type Store interface {
	Resolve(ctx context.Context, digest credential.Digest) (clientstore.Identity, bool, error)
	Client(ctx context.Context, name string) (client.Record, bool, error)
	Reserve(ctx context.Context, reservation budget.Reservation) (budget.Reply, error)
}

// Limits of what an [Admitter] remembers.
const (
	// capacity is the number of identities, of unknown credentials and of records. The
	// least recently used ones are forgotten.
	capacity = 4096

	// unknownTTL is the time in which no read looks again for a credential that the table didn't
	// have. One that was just made is accepted after it at the latest.
	unknownTTL = 10 * time.Second

	// maxAgain is the number of times that a request is decided again, by the record that
	// failed the condition of its write.
	maxAgain = 2
)

// errContended is the error of a request whose every write failed its condition because
// another write came first. It may be sent again.
var errContended = errors.New("the client's item changed again and again: try again")

// Admitter admits requests, and remembers identities and records. It is safe for
// concurrent use. Make it with [New].
type Admitter struct {
	store      Store
	identities *lru.Map[credential.Digest, clientstore.Identity]
	unknown    *lru.Map[credential.Digest, time.Time] // when the read of each began
	records    *lru.Map[string, client.Record]
}

// New returns an admitter that remembers nothing yet.
func New(store Store) *Admitter {
	return &Admitter{
		store:      store,
		identities: lru.New[credential.Digest, clientstore.Identity](capacity),
		unknown:    lru.New[credential.Digest, time.Time](capacity),
		records:    lru.New[string, client.Record](capacity),
	}
}

// Anonymous is the identity of requests without a credential, where the settings allow
// them.
func Anonymous() clientstore.Identity { return clientstore.Identity{Client: client.Anonymous} }

// Identify returns whose the credential with this digest is, and whether the table has
// it. It says nothing about whether the credential is still valid: [Admitter.Admit] does.
// An identity never changes, so it is remembered for as long as there is room.
func (a *Admitter) Identify(ctx context.Context, digest credential.Digest, now time.Time) (clientstore.Identity, bool, error) {
	if identity, known := a.identities.Get(digest); known {
		return identity, true, nil
	}
	if since, known := a.unknown.Get(digest); known && within(unknownTTL, since, now) {
		return clientstore.Identity{}, false, nil
	}
	identity, found, err := a.store.Resolve(ctx, digest)
	switch {
	case err != nil:
		return clientstore.Identity{}, false, err
	case !found:
		a.unknown.Put(digest, now)
		return clientstore.Identity{}, false, nil
	}
	a.identities.Put(digest, identity)
	a.unknown.Remove(digest)
	return identity, true, nil
}

// within reports whether less than limit has passed from since until now. A clock that was
// set back makes it false.
func within(limit time.Duration, since, now time.Time) bool {
	age := now.Sub(since)
	return 0 <= age && age < limit
}

// Admission is an admitted request.
type Admission struct {
	// Reservation is settled when the request has ended, unless it is final.
	Reservation budget.Reservation

	// Record is the client's record after the reservation.
	Record client.Record

	// Expired is the number of expired holds that the reservation's write removed: those
	// of requests that never settled them.
	Expired int
}

// Unconfirmed is the error of a request whose reservation may have been written, or not:
// every reply was lost. The request must not be executed, so that a reservation that isn't
// final may be settled with [budget.ChargedNothing].
type Unconfirmed struct {
	Reservation budget.Reservation
	Record      client.Record // by which the reservation was decided
	Err         error
}

// Error implements error.
func (u *Unconfirmed) Error() string {
	return fmt.Sprintf("the reservation for client %s can't be confirmed: %v", u.Reservation.Client, u.Err)
}

// Unwrap returns the error of the write.
func (u *Unconfirmed) Unwrap() error { return u.Err }

// Admit admits a request of the client with this identity, or returns an error: a
// [*budget.Refusal], which is certain; an [*Unconfirmed]; or another that says that the
// table can't be read. It sets the ask's key and its expiry to the identity's.
func (a *Admitter) Admit(ctx context.Context, identity clientstore.Identity, ask budget.Ask) (Admission, error) {
	ask.Key, ask.KeyExpires = identity.ID, identity.Expires
	record, latest, err := a.Record(ctx, identity.Client)
	if err != nil {
		return Admission{}, err
	}
	reservation, refusal := budget.Decide(record, ask)
	if refusal != nil && !latest {
		if record, err = a.Latest(ctx, identity.Client); err != nil {
			return Admission{}, err
		}
		reservation, refusal = budget.Decide(record, ask)
	}
	if refusal != nil {
		return Admission{}, refusal
	}
	return a.reserve(ctx, reservation, record, ask)
}

// Record returns what is remembered of a client. If that is nothing, it reads the latest
// record, and says so. The record must not be changed. The error is that of
// [Admitter.Latest].
func (a *Admitter) Record(ctx context.Context, name string) (record client.Record, latest bool, err error) {
	if record, remembered := a.records.Get(name); remembered {
		return record, false, nil
	}
	record, err = a.Latest(ctx, name)
	return record, true, err
}

// Latest returns the client's record by a consistent read, and remembers it. The record
// must not be changed. A client that doesn't exist has no key: the error is a
// [*budget.Refusal] then.
func (a *Admitter) Latest(ctx context.Context, name string) (client.Record, error) {
	record, found, err := a.store.Client(ctx, name)
	switch {
	case err != nil:
		return client.Record{}, err
	case !found:
		a.records.Remove(name)
		return client.Record{}, &budget.Refusal{Reason: budget.InvalidKey}
	}
	a.records.Put(name, record)
	return record, nil
}

// Forget forgets a client's record, after a change of its policy by this process.
func (a *Admitter) Forget(name string) { a.records.Remove(name) }

// reserve writes the reservation that was decided by record. If the record was out of
// date, it decides again by the one in the reply, which is as good as a consistent read.
func (a *Admitter) reserve(ctx context.Context, reservation budget.Reservation, record client.Record, ask budget.Ask) (Admission, error) {
	for again := 0; ; again++ {
		reply, err := a.store.Reserve(ctx, reservation)
		if err != nil {
			return Admission{}, &Unconfirmed{Reservation: reservation, Record: record, Err: err}
		}
		a.remember(reservation.Client, reply)
		if reply.Record != nil {
			record = *reply.Record
		}
		verdict, refusal := reservation.Conclude(reply)
		switch {
		case verdict == budget.Admitted:
			return admitted(reservation, record, reply), nil
		case verdict == budget.Refused:
			return Admission{}, refusal
		case again == maxAgain:
			return Admission{}, errContended
		}
		if reservation, refusal = budget.Decide(record, ask); refusal != nil {
			return Admission{}, refusal
		}
	}
}

func admitted(reservation budget.Reservation, record client.Record, reply budget.Reply) Admission {
	admission := Admission{Reservation: reservation, Record: record}
	if reply.Applied {
		admission.Expired = len(reservation.Cleared)
	}
	return admission
}

// remember keeps the record of a reply.
func (a *Admitter) remember(name string, reply budget.Reply) {
	if reply.Record == nil {
		a.records.Remove(name)
		return
	}
	a.records.Put(name, *reply.Record)
}
