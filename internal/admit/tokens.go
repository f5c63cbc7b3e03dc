package admit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/lru"
	"github.com/gatehouse-iac/gatehouse/internal/token"
)

// TokenStore has the keys of issuers and the subjects of their tokens: a
// [clientstore.Store].
type TokenStore interface {
	PublishedKeys(ctx context.Context, name string) (clientstore.PublishedKeys, bool, error)
	ResolveSubject(ctx context.Context, subject clientstore.Subject) (clientstore.Identity, bool, error)
}

// Limits of what [Tokens] remembers.
const (
	// keysTTL is the time for which an issuer's keys are used without another read of the table. A
	// key that the issuer removes is refused after it, once the table has the new keys.
	keysTTL = time.Minute

	// refetchPeriod is the time within which the keys are read once for tokens that are
	// signed with an unknown key.
	refetchPeriod = 10 * time.Second

	// subjectTTL is the time for which a subject's client is used without another read. Other than
	// a key, a subject may get another client; its former client refuses it at once.
	subjectTTL = time.Minute

	// MaxKeysAge is the time for which keys are trusted after they were read from the issuer.
	MaxKeysAge = 24 * time.Hour
)

// Reasons for refusing a valid token: its subject is mapped to no client, or was taken off
// it; or the time of its client is over.
const (
	UnknownSubject token.Reason = "the subject of the token is no client of this API"
	ClientEnded    token.Reason = "the access of the client of the token has ended"
)

// ErrKeysUnavailable is wrapped by errors of tokens that can't be verified, because the
// table doesn't have their issuer's keys, or has only old ones.
var ErrKeysUnavailable = errors.New("the keys of the issuer are not available")

// Holder is the holder of a token.
type Holder struct {
	clientstore.Identity

	// User is the token's claim sub, or "". Many users may share a client.
	User string
}

// Tokens identifies clients by tokens of OIDC issuers. It reads the issuers' keys from the
// table, never from the issuers, so that no request waits for them. It is safe for
// concurrent use. Nil accepts no token.
type Tokens struct {
	store    TokenStore
	issuers  []*issuer
	subjects *lru.Map[credential.Digest, resolved]
}

// issuer has what is remembered of an issuer's keys. One read of them is under way at a
// time.
type issuer struct {
	token.Issuer // without keys

	mu    sync.Mutex
	keys  clientstore.PublishedKeys
	found bool
	read  time.Time // when the last read that succeeded began
}

// resolved says whose a subject's tokens were when that was read.
type resolved struct {
	identity clientstore.Identity
	found    bool
	read     time.Time
}

// NewTokens returns the tokens of these issuers, whose keys are in the store, or nil if
// there are no issuers.
func NewTokens(store TokenStore, issuers []token.Issuer) *Tokens {
	if len(issuers) == 0 {
		return nil
	}
	t := &Tokens{store: store, subjects: lru.New[credential.Digest, resolved](capacity)}
	for _, i := range issuers {
		t.issuers = append(t.issuers, &issuer{Issuer: i})
	}
	return t
}

// Accepts reports whether a credential is taken for a token.
func (t *Tokens) Accepts(text string) bool { return t != nil && token.HasForm(text) }

// Identify returns the holder of a token. The error is a [token.Reason] if the token isn't
// valid, or no client's; else it says that the table can't be read, or wraps
// [ErrKeysUnavailable]. As with keys, the client's policy says whether it still has the
// subject.
func (t *Tokens) Identify(ctx context.Context, text string, now time.Time) (Holder, error) {
	// Without the monotonic clock, which may stand still while Lambda has the process frozen:
	// what is remembered would seem younger than it is.
	now = now.Round(0)
	read, err := token.Parse(text)
	if err != nil {
		return Holder{}, err
	}
	for _, i := range t.issuers {
		if !read.IsOf(i.Issuer) {
			continue
		}
		subject, err := t.verify(ctx, i, read, now)
		if err != nil {
			return Holder{}, err
		}
		identity, err := t.resolve(ctx, subject, now)
		if err != nil {
			return Holder{}, err
		}
		identity.Expires = subject.Expires
		return Holder{Identity: identity, User: subject.Sub}, nil
	}
	return Holder{}, token.UnknownIssuer
}

// verify verifies a token with its issuer's keys, which are read again if the token's key
// isn't one of them: the issuer may have begun to use a new one.
func (t *Tokens) verify(ctx context.Context, i *issuer, read token.Token, now time.Time) (token.Subject, error) {
	var subject token.Subject
	for _, ttl := range []time.Duration{keysTTL, refetchPeriod} {
		keys, err := i.current(ctx, t.store, ttl, now)
		if err != nil {
			return token.Subject{}, err
		}
		by := i.Issuer
		by.Keys = keys
		if subject, err = read.Verify(by, now); !errors.Is(err, token.UnknownKey) {
			return subject, err
		}
	}
	return token.Subject{}, token.UnknownKey
}

// current returns the issuer's keys, as they were read within a time.
func (i *issuer) current(ctx context.Context, store TokenStore, ttl time.Duration, now time.Time) (token.KeySet, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.usable(now) != nil || !within(ttl, i.read, now) {
		keys, found, err := store.PublishedKeys(ctx, i.Name)
		if err != nil {
			return token.KeySet{}, err
		}
		i.keys, i.found, i.read = keys, found, now
	}
	if err := i.usable(now); err != nil {
		return token.KeySet{}, err
	}
	return i.keys.Issuer.Keys, nil
}

// usable returns an error unless the keys that are remembered can be used.
func (i *issuer) usable(now time.Time) error {
	switch {
	case !i.found:
		return fmt.Errorf("%w: the keys of %s were not read from it yet", ErrKeysUnavailable, i.Name)
	case i.keys.Issuer.URL != i.URL:
		return fmt.Errorf("%w: those of %s are of another issuer URL", ErrKeysUnavailable, i.Name)
	case now.Sub(i.keys.At) > MaxKeysAge:
		return fmt.Errorf("%w: those of %s were read more than %s ago", ErrKeysUnavailable, i.Name, MaxKeysAge)
	}
	return nil
}

// resolve returns the client of a verified token: that of the party that it was issued to,
// else that of its subject, else that of all tokens of the issuer.
func (t *Tokens) resolve(ctx context.Context, s token.Subject, now time.Time) (clientstore.Identity, error) {
	for _, claim := range []struct{ name, value string }{
		{clientstore.ClientIDClaim, s.ClientID},
		{clientstore.AzpClaim, s.Azp},
		{clientstore.SubClaim, s.Sub},
		{clientstore.AnyClaim, clientstore.AnyValue},
	} {
		if claim.value == "" {
			continue
		}
		identity, found, err := t.client(ctx, clientstore.Subject{Issuer: s.Issuer, Claim: claim.name, Value: claim.value}, now)
		if err != nil || found {
			return identity, err
		}
	}
	return clientstore.Identity{}, UnknownSubject
}

// client returns the client of a subject, and whether it has one.
func (t *Tokens) client(ctx context.Context, subject clientstore.Subject, now time.Time) (clientstore.Identity, bool, error) {
	digest := subject.Digest()
	if known, remembered := t.subjects.Get(digest); remembered {
		ttl := subjectTTL
		if !known.found {
			ttl = unknownTTL
		}
		if within(ttl, known.read, now) {
			return known.identity, known.found, nil
		}
	}
	identity, found, err := t.store.ResolveSubject(ctx, subject)
	if err != nil {
		return clientstore.Identity{}, false, err
	}
	t.subjects.Put(digest, resolved{identity: identity, found: found, read: now})
	return identity, found, nil
}
