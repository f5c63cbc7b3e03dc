package keyring

// Request is an operator's request to rotate or revoke. It names keys and not times, so
// that no clock decides what it covers and sending it twice changes nothing: it holds
// until it is fulfilled, over as many observations as that takes.
type Request struct {
	Kind RequestKind

	// Through is the newest key that the request covers.
	Through Name
}

// RequestKind is the kind of a [Request].
type RequestKind int

const (
	// NoRequest leaves the rotation to its [Times].
	NoRequest RequestKind = iota

	// Rotate requires a key in use that is newer than Through.
	Rotate

	// Revoke requires Through and every older key to be deleted, without a grace period:
	// requests that are under way with such a key may be rejected.
	Revoke
)

// RotateNow requests that the key in use be replaced. It changes nothing when the
// replacement is already under way.
func RotateNow(observed Observation) Request {
	key, ok := observed.Keyring.Holding(observed.Header)
	if !ok {
		key, _ = observed.Keyring.Newest()
	}
	return Request{Kind: Rotate, Through: key.Name}
}

// RevokeNow requests that every key of the keyring be replaced and deleted.
func RevokeNow(observed Observation) Request {
	newest, _ := observed.Keyring.Newest()
	return Request{Kind: Revoke, Through: newest.Name}
}

// Fulfilled reports whether nothing of the request is left to do.
func (r Request) Fulfilled(observed Observation) bool {
	if r.Kind == NoRequest {
		return true
	}
	inUse, ok := observed.Keyring.Holding(observed.Header)
	if !ok || inUse.Name <= r.Through {
		return false
	}
	return r.Kind == Rotate || len(observed.Keyring.through(r.Through)) == 0
}

// covers reports whether name is a key that the request replaces.
func (r Request) covers(name Name) bool {
	return r.Kind != NoRequest && name <= r.Through
}
