package token

// Reason is the reason why a token isn't accepted. It is an error with a fixed text,
// which has nothing of the token, and which may be the error_description of RFC 6750.
type Reason string

// Error implements error.
func (r Reason) Error() string { return string(r) }

// The reasons.
const (
	TooLong           Reason = "the token has more than 8192 bytes"
	Malformed         Reason = "the token is malformed"
	DuplicateMember   Reason = "the token has a member twice"
	WrongType         Reason = "the token is of another type than JWT or at+jwt"
	CriticalExtension Reason = "the token has a critical extension"
	UnknownAlgorithm  Reason = "the token is signed with another algorithm than RS256, PS256, ES256 or EdDSA"
	UnknownIssuer     Reason = "the token is of another issuer"
	UnknownKey        Reason = "the token is signed with a key that its issuer doesn't publish"
	WrongAlgorithm    Reason = "the token is signed with another algorithm than its key is for"
	WrongSignature    Reason = "the signature of the token is wrong"
	WrongAudience     Reason = "the token is for another audience"
	NoExpiry          Reason = "the token has no time of expiry"
	NoIssueTime       Reason = "the token has no time of issue"
	Expired           Reason = "the token has expired"
	NotYetIssued      Reason = "the token was issued in the future"
	NotYetValid       Reason = "the token is not valid yet"
	TooLongLived      Reason = "the token is valid for more than 24 hours"
	Bound             Reason = "the token is bound to a key of its holder, which this API can't verify"
)
