package main

import (
	"encoding/json"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

// clientJSON is a client as programs read it. Amounts are in the unit: dollars with
// decimals, or tokens. Names and types stay as they are.
type clientJSON struct {
	Name       string      `json:"name"`
	State      string      `json:"state"` // active, suspended or expired
	Budget     string      `json:"budget"`
	Unit       string      `json:"unit"` // usd or tokens
	Used       json.Number `json:"used"`
	Held       json.Number `json:"held"`
	Left       json.Number `json:"left,omitempty"`
	WindowEnds *time.Time  `json:"windowEnds,omitempty"`
	PerMinute  int         `json:"rpm"`
	AtOnce     int         `json:"parallel"`
	UnderWay   int         `json:"underWay"`
	Models     []string    `json:"models"` // null for all
	Inference  bool        `json:"inference"`
	Expires    *time.Time  `json:"expires,omitempty"`
	LastUse    *time.Time  `json:"lastUse,omitempty"`
	Revision   int64       `json:"revision"`
	Keys       []keyJSON   `json:"keys"`
}

// keyJSON is a credential of a client, by its public id.
type keyJSON struct {
	ID      string     `json:"id"`
	Kind    string     `json:"kind"` // key, tokens, or missing if only the client's policy has it
	Created *time.Time `json:"created,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
}

// holdJSON is the hold of one request.
type holdJSON struct {
	ID      string      `json:"id"`
	Amount  json.Number `json:"amount"`
	Ends    time.Time   `json:"ends"`
	Expired bool        `json:"expired"`
}

func number(unit client.Unit, amount int64) json.Number {
	if unit == client.Tokens {
		encoded, _ := json.Marshal(amount)
		return json.Number(encoded)
	}
	return json.Number(price.Amount(amount).String())
}

func clientToJSON(r client.Record, credentials []clientadmin.Credential, now time.Time) clientJSON {
	u := useOf(r, now)
	live, _ := r.Live(now)
	c := clientJSON{
		Name: r.Name, State: stateOf(r, now), Budget: r.Budget.String(), Unit: "usd",
		Used: number(u.unit, u.used), Held: number(u.unit, u.held), WindowEnds: optional(r.Budget.Period.End(now)),
		PerMinute: r.PerMinute, AtOnce: r.AtOnce, UnderWay: live, Models: r.Models, Inference: r.Inference,
		Expires: optional(r.Expires), LastUse: optional(r.LastUse()), Revision: r.Revision, Keys: []keyJSON{},
	}
	if u.unit == client.Tokens {
		c.Unit = "tokens"
	}
	if !r.Budget.IsZero() {
		c.Left = number(u.unit, max(0, r.Budget.Limit-u.used-u.held))
	}
	found := clientadmin.Valid(r, credentials)
	for _, key := range found {
		kind := "key"
		if !key.IsKey() {
			kind = "tokens"
		}
		c.Keys = append(c.Keys, keyJSON{ID: key.ID, Kind: kind, Created: optional(key.Created), Expires: optional(key.Expires)})
	}
	for _, id := range lostKeys(r, found) {
		c.Keys = append(c.Keys, keyJSON{ID: id, Kind: "missing"})
	}
	return c
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t.UTC())
}

// billJSON is the largest bill of a month, in dollars.
type billJSON struct {
	Sum       json.Number `json:"sum"`
	Unlimited []string    `json:"unlimited"` // clients without a budget in dollars
	Ceiling   json.Number `json:"ceiling,omitempty"`
}

func listJSON(records []client.Record, credentials []clientadmin.Credential, bill clientadmin.Bill, now time.Time) any {
	all := make([]clientJSON, 0, len(records))
	for _, r := range records {
		all = append(all, clientToJSON(r, credentials, now))
	}
	largest := billJSON{Sum: json.Number(bill.Sum.String()), Unlimited: append([]string{}, bill.Unlimited...)}
	if bill.Ceiling > 0 {
		largest.Ceiling = json.Number(bill.Ceiling.String())
	}
	return struct {
		Clients     []clientJSON `json:"clients"`
		LargestBill billJSON     `json:"largestBill"`
	}{all, largest}
}

func showJSON(r client.Record, credentials []clientadmin.Credential, now time.Time) any {
	holds := make([]holdJSON, 0, len(r.Holds))
	for _, id := range sortedHolds(r) {
		amount := number(useOf(r, now).unit, r.Holds[id])
		holds = append(holds, holdJSON{ID: id, Amount: amount, Ends: client.HoldEnd(id).UTC(), Expired: client.IsExpired(id, now)})
	}
	return struct {
		clientJSON
		Holds []holdJSON `json:"holds"`
	}{clientToJSON(r, credentials, now), holds}
}
