package clientadmin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// The flags of commands about credentials.
const (
	KeyFlag    = "key"
	IssuerFlag = "issuer"
	ClaimFlag  = "claim"
	ValueFlag  = "value"
)

// The items of credentials: their partition keys begin with a prefix, and have a digest.
const (
	keyPrefix     = "K#"
	subjectPrefix = "J#"

	clientAttribute  = "c"
	idAttribute      = "id"
	expiresAttribute = "exp"
	createdAttribute = "at"
)

// Credential is an item that leads from a key, or from a subject of an issuer's tokens, to
// its client. It is valid as long as the client's policy has its id.
type Credential struct {
	Item    dynamo.Item // the item's primary key
	Client  string
	ID      string
	Expires time.Time // zero for never
	Created time.Time // zero for subjects
}

// IsKey reports whether it is a key.
func (c Credential) IsKey() bool {
	return strings.HasPrefix(c.Item[dynamo.PartitionKey].Text(), keyPrefix)
}

// HasExpired reports whether the credential's time is over.
func (c Credential) HasExpired(now time.Time) bool {
	return !c.Expires.IsZero() && !now.Before(c.Expires)
}

func parseCredential(item dynamo.Item) Credential {
	c := Credential{
		Item:   dynamo.Item{dynamo.PartitionKey: item[dynamo.PartitionKey], dynamo.SortKey: item[dynamo.SortKey]},
		Client: item[clientAttribute].Text(),
		ID:     item[idAttribute].Text(),
	}
	if n, ok := item[expiresAttribute].Int(); ok {
		c.Expires = time.Unix(n, 0).UTC()
	}
	if n, ok := item[createdAttribute].Int(); ok {
		c.Created = time.Unix(n, 0).UTC()
	}
	return c
}

// Subject names the holder of an issuer's tokens by one of their claims.
type Subject clientstore.Subject

// ID returns the subject's public name in the client's policy, which looks as those of
// keys do.
func (s Subject) ID() string { return clientstore.Subject(s).ID() }

func (s Subject) check(p *problems) {
	checkText(p, IssuerFlag, s.Issuer)
	checkText(p, ValueFlag, s.Value)
	if claims := []string{clientstore.AzpClaim, clientstore.ClientIDClaim, clientstore.SubClaim, clientstore.AnyClaim}; !slices.Contains(claims, s.Claim) {
		p.flag(ClaimFlag, s.Claim, "one of "+strings.Join(claims, ", "))
	}
	if (s.Claim == clientstore.AnyClaim) != (s.Value == clientstore.AnyValue) {
		p.add("-%s %s requires -%s %s, and the other way round: all tokens of the issuer",
			ClaimFlag, clientstore.AnyClaim, ValueFlag, clientstore.AnyValue)
	}
}

func checkText(p *problems, flag, value string) {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if value == "" || len(value) > maxClaim || strings.ContainsFunc(value, control) {
		p.flag(flag, value, fmt.Sprintf("1 to %d characters, none of them a control character", maxClaim))
	}
}

// maxClaim is the length of the longest value, in bytes: tokens with longer ones are
// refused.
const maxClaim = 255

// AddKey plans a new key of a client, which ends at a time, or never at the zero time. The
// key's item and its id in the policy are one transaction: neither is there without the
// other.
func AddKey(seen Seen, digest credential.Digest, expires, now time.Time) (Plan, error) {
	p := &problems{client: seen.Name}
	id := clientstore.Identity{Client: seen.Name, ID: digest.ID(), Expires: expires}
	return seen.addCredential(p, id.ID, dynamo.Put{Item: clientstore.KeyItem(digest, id, now)})
}

// Map plans to take the tokens of a subject for those of a client. owner is the client
// that has them at present, or "".
func Map(seen Seen, s Subject, owner string) (Plan, error) {
	p := &problems{client: seen.Name}
	s.check(p)
	if owner != "" && owner != seen.Name {
		p.add("-%s %s -%s %s is a subject of client %s; unmap it there before", ClaimFlag, s.Claim, ValueFlag, s.Value, owner)
	}
	return seen.addCredential(p, s.ID(), dynamo.Put{Item: clientstore.Subject(s).Item(seen.Name)})
}

// addCredential plans to put the item of a credential and to add its id to the policy.
func (s Seen) addCredential(p *problems, id string, put dynamo.Put) (Plan, error) {
	if s.Name == client.Anonymous {
		p.add("has no keys: it is the client of requests without one")
		return Plan{}, p.err()
	}
	if !s.exists(p) {
		return Plan{}, p.err()
	}
	keys := s.Record.Keys
	if s.Record.Has(id) {
		return Plan{Client: s.Name, Before: s.Record.Policy, After: s.Record.Policy}, p.err()
	}
	if len(keys) >= client.MaxKeys {
		p.add("has %d keys, as many as a client may have: %s; revoke one before", len(keys), strings.Join(keys, ", "))
	}
	after := s.Record.Policy
	after.Keys = append(slices.Clone(keys), id)
	slices.Sort(after.Keys)
	// An item of another client must not be replaced: its tokens would change hands.
	put.Condition = "attribute_not_exists(#pk) OR #c = :c"
	put.Names = map[string]string{"#pk": dynamo.PartitionKey, "#c": clientAttribute}
	put.Values = dynamo.Item{":c": dynamo.String(s.Name)}
	return s.change(after, dynamo.Write{Put: &put}), p.err()
}

// Revoke plans to take credentials off a client, by their ids, or all of them if none is
// given. It returns the ids that the client has no longer. That is one write of the
// client's item, after which no request with them is admitted. Their own items are of no
// effect then: to find them, the whole table is read, for which a revocation must not
// wait. See [RemoveCredentials].
func Revoke(seen Seen, ids []string) (plan Plan, gone []string, err error) {
	p := &problems{client: seen.Name}
	if !seen.exists(p) {
		return Plan{}, nil, p.err()
	}
	after := seen.Record.Policy
	after.Keys = nil
	var ended []string
	for _, id := range seen.Record.Keys {
		if len(ids) > 0 && !slices.Contains(ids, id) {
			after.Keys = append(after.Keys, id)
			continue
		}
		ended = append(ended, id)
	}
	for _, id := range ids {
		if !seen.Record.Has(id) {
			gone = append(gone, id)
		}
	}
	plan = seen.change(after)
	if len(ended) > 0 {
		plan.Effects = []string{"requests with these keys are refused, for ever: " + strings.Join(ended, ", ")}
	}
	if len(ended) > 0 && len(after.Keys) == 0 {
		plan.Effects = append(plan.Effects, "the client has no key then")
	}
	return plan, gone, nil
}

// Unmap plans to no longer take the tokens of a subject for those of a client. The item
// and the id go in one transaction.
func Unmap(seen Seen, s Subject) (Plan, error) {
	p := &problems{client: seen.Name}
	s.check(p)
	if !seen.exists(p) || p.err() != nil {
		return Plan{}, p.err()
	}
	if !seen.Record.Has(s.ID()) {
		p.add("has no such subject of -%s %s; `show` lists the ids of its keys and subjects", IssuerFlag, s.Issuer)
		return Plan{}, p.err()
	}
	after := seen.Record.Policy
	after.Keys = slices.DeleteFunc(slices.Clone(after.Keys), func(id string) bool { return id == s.ID() })
	plan := seen.change(after, dynamo.Write{Delete: &dynamo.Delete{Key: clientstore.Subject(s).Key()}})
	plan.Effects = []string{"requests with tokens of this subject are refused"}
	return plan, nil
}

// RemoveCredentials returns the transactions that delete items of credentials.
func RemoveCredentials(all []Credential) [][]dynamo.Write {
	var transactions [][]dynamo.Write
	for chunk := range slices.Chunk(all, dynamo.MaxWrites) {
		var writes []dynamo.Write
		for _, c := range chunk {
			writes = append(writes, dynamo.Write{Delete: &dynamo.Delete{
				Key:       c.Item,
				Condition: "attribute_not_exists(#pk) OR #c = :c",
				Names:     map[string]string{"#pk": dynamo.PartitionKey, "#c": clientAttribute},
				Values:    dynamo.Item{":c": dynamo.String(c.Client)},
			}})
		}
		transactions = append(transactions, writes)
	}
	return transactions
}
