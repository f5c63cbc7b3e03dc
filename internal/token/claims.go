package token

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// header has the members of a token's header that count. Those with keys and addresses of
// keys (jwk, jku, x5u, x5c) are never read.
type header struct {
	algorithm string
	keyID     string // "" if it has none
}

func parseHeader(content []byte) (header, error) {
	members, err := parseObject(content)
	if err != nil {
		return header{}, parseReason(err)
	}
	kind, typed := members.text("typ")
	keyID, identified := members.text("kid")
	algorithm, known := members.text("alg")
	switch {
	case members.has("crit"):
		return header{}, CriticalExtension
	case !typed || !identified || !known:
		return header{}, Malformed
	case !isAcceptedType(kind):
		return header{}, WrongType
	case !slices.Contains(algorithms, algorithm):
		return header{}, UnknownAlgorithm
	}
	return header{algorithm: algorithm, keyID: keyID}, nil
}

// isAcceptedType reports whether tokens of a media type are accepted, which may lack
// application/ (RFC 7515, 4.1.9).
func isAcceptedType(kind string) bool {
	kind = strings.TrimPrefix(strings.ToLower(kind), "application/")
	return kind == "" || kind == "jwt" || kind == "at+jwt"
}

func parseReason(err error) Reason {
	if errors.Is(err, errDuplicate) {
		return DuplicateMember
	}
	return Malformed
}

// claims are the claims of a token that count. Times are in seconds.
type claims struct {
	issuer, subject, clientID, azp string
	audience                       []string

	expires, issued, notBefore int64
	hasExpiry, hasIssueTime    bool

	bound bool // to a key, by which its holder would have to prove itself
}

func parseClaims(content []byte) (claims, error) {
	members, err := parseObject(content)
	if err != nil {
		return claims{}, parseReason(err)
	}
	c := claims{bound: members.has("cnf")}
	valid := true
	for name, value := range map[string]*string{"iss": &c.issuer, "sub": &c.subject, "client_id": &c.clientID, "azp": &c.azp} {
		var ok bool
		*value, ok = members.text(name)
		valid = valid && ok && (name == "iss" || isName(*value))
	}
	audience, isText := members.text("aud")
	if isText {
		c.audience = []string{audience}
	} else if c.audience, isText = members.texts("aud"); !isText {
		valid = false
	}
	var ok [3]bool
	c.expires, c.hasExpiry, ok[0] = members.time("exp")
	c.issued, c.hasIssueTime, ok[1] = members.time("iat")
	c.notBefore, _, ok[2] = members.time("nbf")
	if !valid || slices.Contains(ok[:], false) {
		return claims{}, Malformed
	}
	return c, nil
}

// check returns a [Reason] unless the claims are valid at a time for an issuer's audience.
func (c claims) check(issuer Issuer, now time.Time) error {
	latestTime := now.Add(Leeway).Unix()
	switch {
	case issuer.Audience == "" || !slices.Contains(c.audience, issuer.Audience):
		return WrongAudience
	case c.bound:
		return Bound
	case !c.hasExpiry:
		return NoExpiry
	case !c.hasIssueTime:
		return NoIssueTime
	case c.expires-c.issued > int64(MaxLifetime/time.Second):
		return TooLongLived
	case now.Unix() >= c.expires:
		return Expired
	case c.issued > latestTime:
		return NotYetIssued
	case c.notBefore > latestTime:
		return NotYetValid
	}
	return nil
}
