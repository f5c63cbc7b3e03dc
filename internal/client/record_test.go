package client_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/client"
)

var noon = time.Date(2026, 11, 28, 12, 0, 30, 0, time.UTC)

func TestHolds(t *testing.T) {
	id := client.HoldID(noon, "9fQ3")
	assert.Equal(t, noon.Unix(), client.HoldEnd(id).Unix())
	assert.False(t, client.IsExpired(id, noon.Add(-time.Second)))
	assert.False(t, client.IsExpired(id, noon))
	assert.True(t, client.IsExpired(id, noon.Add(time.Second)))
	for _, damaged := range []string{"", "-", "-9fQ3", "!-9fQ3", "zzzzzzzzzzzzzzzzzzzz-a"} {
		assert.True(t, client.IsExpired(damaged, noon), "it doesn't keep a place for ever: %q", damaged)
	}

	record := client.Record{Holds: map[string]int64{id: 5, client.HoldID(noon.Add(time.Minute), "a"): 7, "!": 11}}
	count, sum := record.Live(noon)
	assert.Equal(t, 2, count)
	assert.Equal(t, int64(12), sum)
	count, sum = record.Live(noon.Add(time.Second))
	assert.Equal(t, 1, count)
	assert.Equal(t, int64(7), sum)
}

func TestOldMinutes(t *testing.T) {
	record := client.Record{Minutes: map[string]int64{"r": 1, "rx": 1}}
	var names []string
	for ago := range 5 {
		name := client.Minute(noon.Add(-time.Duration(ago) * time.Minute))
		names = append(names, name)
		record.Minutes[name] = 1
	}
	record.Minutes[client.Minute(noon.Add(time.Minute))] = 1
	assert.Equal(t, []string{names[4], names[3]}, record.OldMinutes(noon), "the present, the last two and the next one stay")
}

func TestOldWindows(t *testing.T) {
	record := client.Record{Used: map[string]int64{}}
	for _, name := range []string{
		"u$d2026-03-01", "u$d2026-02-28", "u$d2026-02-27", "u$d2026-02-26", "u$d2025-12-31", "u$d2026-03-02",
		"u$m2026-03", "u$m2026-02", "u$m2026-01", "u$m2025-12",
		"utd2026-02-26", "utm2025-12", "utm2026-01", "u$o", "uto", "u$d2026", "u$m2026-01-01", "uxd2020-01-01",
	} {
		record.Used[name] = 1
	}
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	assert.Equal(t, []string{"u$d2025-12-31", "u$d2026-02-26", "u$m2025-12", "utd2026-02-26", "utm2025-12"}, record.OldWindows(now))
}

func TestNoWindowIsOldBeforeItsSettlementsAreOver(t *testing.T) {
	for _, text := range []string{"1usd/day", "1usd/month", "1tokens/day", "1tokens/month", "1usd/once", "none"} {
		budget, err := client.ParseBudget(text)
		require.NoError(t, err)
		for now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); now.Year() < 2029; now = now.Add(7 * time.Hour) {
			record := client.Record{Used: map[string]int64{budget.Counter(now.Add(-24 * time.Hour)): 1, budget.Counter(now): 1}}
			require.Empty(t, record.OldWindows(now), "%s at %s", text, now)
		}
	}
}

func TestPolicy(t *testing.T) {
	p := client.Policy{Keys: []string{"a"}, Expires: noon}
	assert.True(t, p.Has("a"))
	assert.False(t, p.Has(""))
	assert.True(t, p.Allows("any model"))
	p.Models = []string{"m"}
	assert.True(t, p.Allows("m"))
	assert.False(t, p.Allows("any model"))
	assert.False(t, p.HasExpired(noon.Add(-time.Nanosecond)))
	assert.True(t, p.HasExpired(noon))
	assert.False(t, client.Policy{}.HasExpired(noon))
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"a", "acme", "team-1", client.Anonymous, "abcdefghijklmnopqrstuvwxyz012345"} {
		require.NoError(t, client.CheckName(name))
	}
	for _, name := range []string{"", "-a", "a-", "A", "a b", "a#b", "ä", "a_b", "abcdefghijklmnopqrstuvwxyz0123456"} {
		require.ErrorContains(t, client.CheckName(name), name)
	}
}
