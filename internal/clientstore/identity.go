package clientstore

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// The key and the attributes of the item of a credential.
const (
	keyPrefix = "K#"
	keySort   = "K"

	clientAttribute  = "c"
	idAttribute      = "id"
	expiresAttribute = "exp" // Unix time
	createdAttribute = "at"  // Unix time
)

// Identity says whose a credential is. It never changes, so that it may be cached for as
// long as the process lives. Whether the client still has the credential is in the
// client's policy.
type Identity struct {
	Client  string    // name
	ID      string    // of the credential
	Expires time.Time // zero for never
}

// KeyKey returns the key of the item of the credential with this digest.
func KeyKey(digest credential.Digest) dynamo.Item {
	return dynamo.Item{
		dynamo.PartitionKey: dynamo.String(keyPrefix + digest.String()),
		dynamo.SortKey:      dynamo.String(keySort),
	}
}

// KeyItem returns the item of a credential that was made at a time.
func KeyItem(digest credential.Digest, identity Identity, at time.Time) dynamo.Item {
	item := KeyKey(digest)
	item[clientAttribute] = dynamo.String(identity.Client)
	item[idAttribute] = dynamo.String(identity.ID)
	item[createdAttribute] = dynamo.Number(at.Unix())
	if !identity.Expires.IsZero() {
		item[expiresAttribute] = dynamo.Number(identity.Expires.Unix())
	}
	return item
}

// Resolve returns whose the credential with this digest is, and whether there is one. Its
// time may be over.
func (s Store) Resolve(ctx context.Context, digest credential.Digest) (Identity, bool, error) {
	item, err := s.Table.GetItem(ctx, KeyKey(digest))
	if err != nil {
		return Identity{}, false, fmt.Errorf("read credential %s: %w", digest.ID(), err)
	}
	if item == nil {
		return Identity{}, false, nil
	}
	identity, err := parseIdentity(item, digest)
	if err != nil {
		return Identity{}, false, fmt.Errorf("read credential %s: %w", digest.ID(), err)
	}
	return identity, true, nil
}

// parseIdentity reads a credential's item. The digest is compared once more, in constant
// time.
func parseIdentity(item dynamo.Item, digest credential.Digest) (Identity, error) {
	want, got := keyPrefix+digest.String(), item[dynamo.PartitionKey].Text()
	if subtle.ConstantTimeCompare([]byte(want), []byte(got)) != 1 {
		return Identity{}, fmt.Errorf("%w: it is another credential's", errDamaged)
	}
	identity := Identity{Client: item[clientAttribute].Text(), ID: item[idAttribute].Text()}
	if err := client.CheckName(identity.Client); err != nil {
		return Identity{}, fmt.Errorf("%w: attribute %s: %w", errDamaged, clientAttribute, err)
	}
	if identity.ID != digest.ID() {
		return Identity{}, fmt.Errorf("%w: attribute %s is not the credential's id", errDamaged, idAttribute)
	}
	if value, expires := item[expiresAttribute]; expires {
		seconds, ok := value.Int()
		if !ok {
			return Identity{}, fmt.Errorf("%w: attribute %s is no Unix time", errDamaged, expiresAttribute)
		}
		identity.Expires = time.Unix(seconds, 0)
	}
	return identity, nil
}

// EndKey takes a credential off its client. From then on, no request with it is admitted.
// One that the client doesn't have is no error, nor is a client that doesn't exist.
func (s Store) EndKey(ctx context.Context, name, keyID string) error {
	_, err := s.Table.UpdateItem(ctx, dynamo.Update{
		Key:       client.Key(name),
		Update:    "SET #rev = #rev + :one DELETE #keys :ids",
		Condition: "contains(#keys, :id)",
		Names:     map[string]string{"#rev": client.RevisionAttribute, "#keys": client.KeysAttribute},
		Values: dynamo.Item{
			":one": dynamo.Number(1),
			":id":  dynamo.String(keyID),
			":ids": dynamo.StringSet([]string{keyID}),
		},
	})
	var failed *dynamo.ConditionFailed
	if err != nil && !errors.As(err, &failed) {
		return fmt.Errorf("end key %s of client %s: %w", keyID, name, err)
	}
	return nil
}
