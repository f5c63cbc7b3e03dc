package keyring

import "time"

// Action is what a rotator is to do.
type Action int

const (
	// Nothing is to be done now.
	Nothing Action = iota

	// Add a key to the ring, named after [Step.Moment].
	Add

	// Publish a key: let CloudFront send [Step.Key], if its configuration still is
	// the one that was seen.
	Publish

	// Prune keys: delete [Step.Names] from the ring.
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

// Step is one step of a rotation.
type Step struct {
	Action Action

	// Reason says why, in words.
	Reason string

	// Moment is what the added key is to be named after: see [NewName].
	Moment time.Time

	// Key is the key to publish.
	Key Key

	// Repair says that the published key replaces a header that is in no key of the
	// ring, which the API refuses: something else than a rotator changed it.
	Repair bool

	// Names are the keys to prune, oldest first.
	Names []Name

	// Again is how long to wait before another look can lead to something. It is
	// zero when the next step may follow at once. After a key was added it may not:
	// the key has to settle, and a listing that does not show it yet must not lead to
	// yet another.
	Again time.Duration
}
