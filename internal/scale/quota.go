package scale

import (
	"cmp"
	"math"
	"slices"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// Quota is a quota of AWS, or a limit of the stack's own, of which requests use a part.
type Quota struct {
	Name   string
	Short  string // in the summary
	Unit   string // of limit and use
	Beyond string // the response to requests beyond it
	Alarms []string
	Seen   string // where it shows without an alarm
	Do     string // in the summary, when it is met
	Raise  string
	Source Source // none for a limit of the stack's own

	limit   func(config.Settings) float64
	use     func(day) float64
	enabled func(config.Settings) bool // nil for always
}

// Source is the page of AWS's documentation that has a number.
type Source struct {
	Title, URL string
	// Check is set if the number wasn't read on the page itself, or differs from account to
	// account.
	Check bool
}

// Met is a quota with the load at which requests meet it.
type Met struct {
	Quota
	Limit  float64
	PerDay float64 // requests of the day whose busiest second meets it
}

// Quotas returns the quotas of a stack with these settings, in the order in which a growing
// load meets them.
func Quotas(s config.Settings, t Traffic) []Met {
	var all []Met
	for _, q := range slices.Concat(own, aws) {
		if q.enabled != nil && !q.enabled(s) {
			continue
		}
		// Each use is proportional to the requests of a day.
		limit := q.limit(s)
		all = append(all, Met{Quota: q, Limit: limit, PerDay: limit / q.use(day{s, t, 1})})
	}
	slices.SortStableFunc(all, func(a, b Met) int { return cmp.Compare(a.PerDay, b.PerDay) })
	return all
}

// Between returns the quotas that are met by more than one load and at most by another.
func Between(all []Met, above, atMost float64) []Met {
	var met []Met
	for _, q := range all {
		if above < q.PerDay && q.PerDay <= atMost {
			met = append(met, q)
		}
	}
	return met
}

// Use returns the use of a quota by the busiest second of a day with this many requests.
func (m Met) Use(perDay float64) float64 { return m.Limit * perDay / m.PerDay }

// Loads are the requests a day of the tables: from a thousand to a billion.
func Loads() []float64 {
	var all []float64
	for power := 3; power <= 9; power++ {
		all = append(all, math.Pow10(power))
	}
	return all
}

func fixed(limit float64) func(config.Settings) float64 {
	return func(config.Settings) float64 { return limit }
}

// Alarms returns the names of all alarms that tell of a quota, of each one once.
func Alarms() []string {
	var all []string
	for _, q := range slices.Concat(own, aws) {
		all = append(all, q.Alarms...)
	}
	for _, b := range bounds {
		all = append(all, b.Alarms...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
