package diagnosis

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStreamsLeaveExecutionsToTheAuthorizer(t *testing.T) {
	for name, c := range map[string]struct {
		concurrency Concurrency
		reserved    int
		wrong       string // empty if nothing is
	}{
		"a usual account":                {Concurrency{1000, 999}, 0, ""},
		"a cap":                          {Concurrency{1000, 500}, 500, ""},
		"the most that may be reserved":  {Concurrency{1000, 100}, 900, ""},
		"a new account":                  {Concurrency{10, 10}, 0, "at most 10 functions at once"},
		"a cap in a new account":         {Concurrency{10, 10}, 5, "at most 10 functions at once"},
		"a cap that leaves too little":   {Concurrency{200, 200}, 150, "takes 150 of the 200"},
		"others have reserved the rest":  {Concurrency{1000, 40}, 0, "all but 40 of the 1000"},
		"a small account without others": {Concurrency{100, 100}, 0, ""},
	} {
		findings := c.concurrency.Streams(c.reserved)
		if c.wrong == "" {
			assert.Empty(t, findings, name)
			continue
		}
		require.Len(t, findings, 1, name)
		assert.Contains(t, findings[0].Wrong, c.wrong, name)
		assert.Equal(t, "quota-of-functions", findings[0].Section)
		assert.NotEmpty(t, findings[0].Next)
	}
}
