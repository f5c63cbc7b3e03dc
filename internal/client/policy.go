package client

import (
	"slices"
	"time"
)

// Limits of a client's policy.
const (
	// MaxPerMinute keeps a client's item below the 1,000 writes a second of a partition
	// of DynamoDB: each request writes twice.
	MaxPerMinute     = 24_000
	DefaultPerMinute = 60

	// MaxAtOnce keeps an item with that many holds within 1 KB, one write unit.
	MaxAtOnce     = 40
	DefaultAtOnce = 10

	// MaxKeys is the number of credentials that a client has at most: keys and subjects
	// of tokens.
	MaxKeys = 5
)

// Policy holds the limits of a client, as the operator set them.
type Policy struct {
	// Revision rises with every change, and with every client that gets the name of a
	// deleted one. Every write that admits a request requires the revision under which it
	// was decided.
	Revision int64

	Enabled   bool     // not suspended
	Keys      []string // ids of the credentials that are valid
	Models    []string // ids of the models allowed; nil for all
	Inference bool     // whether the client may use the private route
	Budget    Budget
	PerMinute int       // requests in a UTC minute
	AtOnce    int       // requests at the same time
	Expires   time.Time // zero for never
}

// Has reports whether the credential with this id is the client's.
func (p Policy) Has(id string) bool { return slices.Contains(p.Keys, id) }

// Allows reports whether the client may use a model.
func (p Policy) Allows(model string) bool { return p.Models == nil || slices.Contains(p.Models, model) }

// HasExpired reports whether the client's time is over.
func (p Policy) HasExpired(now time.Time) bool { return !p.Expires.IsZero() && !now.Before(p.Expires) }
