package clientstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/token"
)

// The key and the attributes of the item of an issuer.
const (
	issuerPrefix = "I#"
	issuerSort   = "I"

	issuerURLAttribute = "iss"
	audienceAttribute  = "aud"
	keySetAttribute    = "jwks" // JWK Set
)

// PublishedKeys is the key set that an issuer of tokens published at a time.
type PublishedKeys struct {
	Issuer token.Issuer // with its keys
	At     time.Time    // when they were read, to the second
}

// issuerKey returns the key of the item of the issuer with a name.
func issuerKey(name string) dynamo.Item {
	return dynamo.Item{
		dynamo.PartitionKey: dynamo.String(issuerPrefix + name),
		dynamo.SortKey:      dynamo.String(issuerSort),
	}
}

// Put returns the write that stores the keys, instead of those of before.
func (p PublishedKeys) Put() (dynamo.Write, error) {
	keys, err := json.Marshal(p.Issuer.Keys)
	if err != nil {
		return dynamo.Write{}, fmt.Errorf("write the keys of issuer %s: %w", p.Issuer.Name, err)
	}
	item := issuerKey(p.Issuer.Name)
	item[issuerURLAttribute] = dynamo.String(p.Issuer.URL)
	item[audienceAttribute] = dynamo.String(p.Issuer.Audience)
	item[keySetAttribute] = dynamo.String(string(keys))
	item[createdAttribute] = dynamo.Number(p.At.Unix())
	return dynamo.Write{Put: &dynamo.Put{Item: item}}, nil
}

// PublishedKeys returns the keys of the issuer with a name, and whether any were stored.
func (s Store) PublishedKeys(ctx context.Context, name string) (PublishedKeys, bool, error) {
	item, err := s.Table.GetItem(ctx, issuerKey(name))
	if err != nil {
		return PublishedKeys{}, false, fmt.Errorf("read the keys of issuer %s: %w", name, err)
	}
	if item == nil {
		return PublishedKeys{}, false, nil
	}
	keys, err := parseKeys(name, item)
	if err != nil {
		return PublishedKeys{}, false, fmt.Errorf("read the keys of issuer %s: %w", name, err)
	}
	return keys, true, nil
}

func parseKeys(name string, item dynamo.Item) (PublishedKeys, error) {
	keys, err := token.ParseKeySet([]byte(item[keySetAttribute].Text()))
	if err != nil {
		return PublishedKeys{}, fmt.Errorf("%w: attribute %s: %w", errDamaged, keySetAttribute, err)
	}
	at, ok := item[createdAttribute].Int()
	if !ok {
		return PublishedKeys{}, fmt.Errorf("%w: attribute %s is no Unix time", errDamaged, createdAttribute)
	}
	return PublishedKeys{
		Issuer: token.Issuer{
			Name: name, URL: item[issuerURLAttribute].Text(), Audience: item[audienceAttribute].Text(), Keys: keys,
		},
		At: time.Unix(at, 0),
	}, nil
}
