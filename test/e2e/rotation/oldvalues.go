package rotation

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
)

// oldValues is what became of the keys that were once in the ring.
type oldValues struct{ tried, refused, accepted int }

// oldValues presents each key that o ever saw in the ring to the API itself, past
// CloudFront: those that are deleted must be refused once nothing remembers them,
// the others accepted.
func (t *test) oldValues(ctx context.Context, s *progress.Step, o *observer) (oldValues, error) {
	var counts oldValues
	if o == nil {
		return counts, fmt.Errorf("no rotation was seen")
	}
	times, err := t.times(ctx)
	if err != nil {
		return counts, err
	}
	s.Doing("waiting %s for caches to run out", times.caches+time.Second)
	if err := pause(ctx, times.caches+time.Second); err != nil {
		return counts, err
	}
	ring, err := ringBelow(t.account.ssm, t.keyPath)(ctx)
	if err != nil {
		return counts, err
	}
	valid := map[string]bool{}
	for _, k := range ring {
		valid[k.value] = true
	}
	var keys []key
	o.read(func(seen *timeline) { keys = seen.keys() })
	client := &http.Client{Timeout: requestTimeout}
	for _, k := range keys {
		got := t.direct(k.value).send(ctx, client)
		switch {
		case valid[k.value] && got.err == nil:
			counts.accepted++
		case valid[k.value]:
			return counts, fmt.Errorf("key %s is in the ring, and the API answered %d: %w", k.name, got.status, got.err)
		case got.status == http.StatusForbidden:
			counts.tried++
			counts.refused++
		default:
			return counts, fmt.Errorf("key %s is deleted, and the API answered %d", k.name, got.status)
		}
	}
	if counts.refused == 0 {
		return counts, fmt.Errorf("there is no deleted key to try")
	}
	return counts, nil
}
