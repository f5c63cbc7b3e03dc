package clientadmin

import (
	"strconv"
	"strings"
	"time"
)

// maxValidity is the longest time after which a client or a key ends. A later end is
// likely a slip of the keyboard.
const maxValidity = 3660 * 24 * time.Hour

const endForm = "a time to come within ten years: a duration such as 90d or 12h, " +
	"a date such as 2027-01-31, of which the whole UTC day is valid, or never"

// ParseEnd reads the value of -expires in a command about a client: the zero time for
// "never".
func ParseEnd(name, value string, now time.Time) (time.Time, error) {
	p := &problems{client: name}
	end := parseEnd(p, value, now)
	return *end, p.err()
}

func parseEnd(p *problems, value string, now time.Time) *time.Time {
	if value == "never" {
		return new(time.Time)
	}
	end, ok := readEnd(value, now)
	if !ok || !end.After(now) || end.After(now.Add(maxValidity)) {
		p.flag(ExpiresFlag, value, endForm)
	}
	return &end
}

// readEnd returns the end in whole seconds, as the table has it.
func readEnd(value string, now time.Time) (time.Time, bool) {
	if day, err := time.Parse(time.DateOnly, value); err == nil {
		return day.AddDate(0, 0, 1), true
	}
	if moment, err := time.Parse(time.RFC3339, value); err == nil {
		return moment.UTC().Truncate(time.Second), true
	}
	d, ok := readDuration(value)
	return now.UTC().Add(d).Truncate(time.Second), ok
}

// readDuration reads a duration that may be in days.
func readDuration(value string) (time.Duration, bool) {
	if days, found := strings.CutSuffix(value, "d"); found {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err == nil
	}
	d, err := time.ParseDuration(value)
	return d, err == nil
}
