package clientstore

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// The key of the item of a subject, which has the attributes of a credential's item.
const (
	subjectPrefix = "J#"
	subjectSort   = "J"
)

// The claims by which a [Subject] names the holder of a token.
const (
	ClientIDClaim = "client_id"
	AzpClaim      = "azp"
	SubClaim      = "sub"

	// AnyClaim, with the value AnyValue, names the holders of all tokens of the issuer.
	AnyClaim = "*"
	AnyValue = "*"
)

// Subject names the holder of an issuer's tokens by one of their claims.
type Subject struct {
	Issuer string // its name in the settings
	Claim  string // [ClientIDClaim], [AzpClaim], [SubClaim] or [AnyClaim]
	Value  string
}

// Digest returns the digest under which the subject is stored. No part of a subject has a
// zero byte.
func (s Subject) Digest() credential.Digest {
	return sha256.Sum256([]byte(s.Issuer + "\x00" + s.Claim + "\x00" + s.Value))
}

// ID returns the subject's public name in the client's policy, which looks as those of
// keys do.
func (s Subject) ID() string { return s.Digest().ID() }

// Key returns the key of the subject's item.
func (s Subject) Key() dynamo.Item {
	return dynamo.Item{
		dynamo.PartitionKey: dynamo.String(subjectPrefix + s.Digest().String()),
		dynamo.SortKey:      dynamo.String(subjectSort),
	}
}

// Item returns the item by which the subject's tokens are those of a client.
func (s Subject) Item(name string) dynamo.Item {
	item := s.Key()
	item[clientAttribute], item[idAttribute] = dynamo.String(name), dynamo.String(s.ID())
	return item
}

// ResolveSubject returns whose the tokens of a subject are, and whether they are a
// client's. Other than that of a key, the identity may change: an operator can map the
// subject to another client.
func (s Store) ResolveSubject(ctx context.Context, subject Subject) (Identity, bool, error) {
	item, err := s.Table.GetItem(ctx, subject.Key())
	if err != nil {
		return Identity{}, false, fmt.Errorf("read subject %s of issuer %s: %w", subject.ID(), subject.Issuer, err)
	}
	if item == nil {
		return Identity{}, false, nil
	}
	identity, err := parseSubject(item, subject)
	if err != nil {
		return Identity{}, false, fmt.Errorf("read subject %s of issuer %s: %w", subject.ID(), subject.Issuer, err)
	}
	return identity, true, nil
}

func parseSubject(item dynamo.Item, subject Subject) (Identity, error) {
	want, got := subjectPrefix+subject.Digest().String(), item[dynamo.PartitionKey].Text()
	if subtle.ConstantTimeCompare([]byte(want), []byte(got)) != 1 {
		return Identity{}, fmt.Errorf("%w: it is another subject's", errDamaged)
	}
	identity := Identity{Client: item[clientAttribute].Text(), ID: item[idAttribute].Text()}
	if err := client.CheckName(identity.Client); err != nil {
		return Identity{}, fmt.Errorf("%w: attribute %s: %w", errDamaged, clientAttribute, err)
	}
	if identity.ID != subject.ID() {
		return Identity{}, fmt.Errorf("%w: attribute %s is not the subject's id", errDamaged, idAttribute)
	}
	return identity, nil
}
