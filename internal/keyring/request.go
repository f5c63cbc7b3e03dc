package keyring

// Request is what somebody wants of a rotation. It speaks of keys and not of
// moments, so that no clock decides what it covers and saying it twice changes
// nothing: it holds until it is fulfilled, over as many looks as that takes.
type Request struct {
	Kind RequestKind

	// Through is the newest key that the request is about.
	Through Name
}

// RequestKind is the kind of a [Request].
type RequestKind int

const (
	// NoRequest leaves the rotation to the settings.
	NoRequest RequestKind = iota

	// Rotate wants a key in use that is newer than Through.
	Rotate

	// Revoke wants Through and every older key deleted, without grace: requests that
	// are on their way with such a key may be refused.
	Revoke
)

// RotateNow asks for the key in use to be replaced. It asks for nothing when the
// replacement is already on its way.
func RotateNow(seen Observation) Request {
	key, ok := seen.Ring.holding(seen.Header)
	if !ok {
		key, _ = seen.Ring.Newest()
	}
	return Request{Kind: Rotate, Through: key.Name}
}

// RevokeNow asks for every key that is in the ring to be replaced and deleted.
func RevokeNow(seen Observation) Request {
	newest, _ := seen.Ring.Newest()
	return Request{Kind: Revoke, Through: newest.Name}
}

// Fulfilled reports whether nothing of the request is left to do.
func (r Request) Fulfilled(seen Observation) bool {
	if r.Kind == NoRequest {
		return true
	}
	inUse, ok := seen.Ring.holding(seen.Header)
	if !ok || inUse.Name <= r.Through {
		return false
	}
	return r.Kind == Rotate || len(seen.Ring.through(r.Through)) == 0
}

// covers reports whether name is a key that the request wants replaced.
func (r Request) covers(name Name) bool {
	return r.Kind != NoRequest && name <= r.Through
}
