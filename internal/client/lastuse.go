package client

import (
	"strconv"
	"strings"
	"time"
)

// LastUse returns the minute of the client's last admitted request, or the zero time if
// there was none. The item always has it: a write removes older minutes only.
func (r Record) LastUse() time.Time {
	var last int64
	for name := range r.Minutes {
		if minute, err := strconv.ParseInt(strings.TrimPrefix(name, minutePrefix), 10, 64); err == nil {
			last = max(last, minute)
		}
	}
	if last == 0 {
		return time.Time{}
	}
	return time.Unix(last*60, 0).UTC()
}
