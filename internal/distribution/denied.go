package distribution

import "errors"

// ErrDenied says that CloudFront refused a call for lack of a permission. A role that
// was written seconds ago may get it later.
var ErrDenied = errors.New("denied")

// denied is [ErrDenied] with the text of what was refused.
type denied struct{ error }

// Is implements the interface that [errors.Is] looks for.
func (denied) Is(target error) bool { return target == ErrDenied }
