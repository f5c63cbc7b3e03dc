// Package budget decides whether a client's request is admitted, and what it is charged.
// One conditional write of the client's item admits a request: the policy's revision, the
// budget, the rate and the number of requests at once are in its condition, so that no
// number of requests at the same time passes a limit. It is pure: no clock, no
// randomness, no AWS calls.
//
//	reservation, refusal := budget.Decide(record, ask)  // by what is known of the item
//	… write reservation.Update() …
//	conclusion := reservation.Conclude(reply)           // admitted, or decide again
//	… call the model …
//	settlement := reservation.Settle(outcome)           // what to charge
//	… write settlement.Update() …
//
// A reservation holds the most that the request may cost. It is settled with what the
// request did cost, if that is known. A hold that is never settled stays charged.
package budget

import (
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/price"
)

// Ask is a request for which admission is asked.
type Ask struct {
	// Now is when the request came. It stays the same when the request is decided again:
	// a write by an earlier decision may still be applied, and must not hold anything of
	// another window or minute.
	Now time.Time

	// HoldID is the hold's id: see [client.HoldID]. It ends after Now, stays the same when
	// the write is repeated or the request decided again, and is used for one request only.
	HoldID string

	// Key is the id of the credential, and KeyExpires the end of its validity, zero for
	// none. Key is empty for the client of requests without a credential.
	Key        string
	KeyExpires time.Time

	// Model is the id of the model, or "" on the private route.
	Model string

	// Most is the most that the request may use.
	Most Use

	// Final is set if the request is never settled: Most is charged, and no hold kept.
	Final bool
}

// Use has the amounts that a request uses of budgets of either unit.
type Use struct {
	Cost   price.Amount
	Tokens int64
}
