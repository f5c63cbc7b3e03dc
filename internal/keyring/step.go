package keyring

import "time"

// Action is the kind of a [Step].
type Action int

const (
	// Nothing leaves everything as it is, for now.
	Nothing Action = iota

	// Add a key to the keyring, named after [Step.Moment].
	Add

	// Publish a key: let CloudFront send [Step.Key], if its configuration still is
	// the one that was observed.
	Publish

	// Prune keys: delete [Step.Names] from the keyring.
	Prune
)

// String implements [fmt.Stringer].
func (a Action) String() string {
	switch a {
	case Add:
		return "add"
	case Publish:
		return "publish"
	case Prune:
		return "prune"
	default:
		return "nothing"
	}
}

// Step is one step of a rotation, which a rotator is to carry out.
type Step struct {
	Action Action

	// Reason says why, for logs and people.
	Reason string

	// Moment is the time after which the added key is named: see [NewName].
	Moment time.Time

	// Key is the key to publish.
	Key Key

	// Repair reports that the published key replaces a header that is in no key of the
	// keyring, which the API rejects: something else than a rotator changed it.
	Repair bool

	// Names are the keys to prune, oldest first.
	Names []Name

	// RetryAfter is the time to wait before another observation can lead to a step. It
	// is zero when the next step may follow at once. After a key was added it may not:
	// the key must settle, and a listing that does not show it yet must not lead to yet
	// another.
	RetryAfter time.Duration
}
