package clientadmin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
)

func TestParseChange(t *testing.T) {
	c, err := clientadmin.ParseChange("acme", map[string]string{
		"budget": "2.50usd/day", "rpm": "24000", "parallel": "40", "models": "b,a,b", "inference": "true", "expires": "90d", "days": "not a flag of the policy",
	}, now)
	require.NoError(t, err)
	assert.Equal(t, clientadmin.Change{
		Budget: &client.Budget{Limit: 2_500_000_000, Unit: client.Dollars, Period: client.Day}, PerMinute: new(24_000), AtOnce: new(40),
		Models: &[]string{"a", "b"}, Inference: new(true), Expires: new(now.Add(90 * 24 * time.Hour)),
	}, c)
	assert.False(t, c.IsZero())

	c, err = clientadmin.ParseChange("acme", map[string]string{"budget": "none", "models": "all", "inference": "false", "expires": "never"}, now)
	require.NoError(t, err)
	assert.Equal(t, clientadmin.Change{Budget: &client.Budget{}, Models: new([]string), Inference: new(false), Expires: &time.Time{}}, c)
	assert.False(t, c.IsZero())

	c, err = clientadmin.ParseChange("acme", nil, now)
	require.NoError(t, err)
	assert.True(t, c.IsZero())
}

func TestParseChangeNamesAllProblems(t *testing.T) {
	_, err := clientadmin.ParseChange("acme", map[string]string{
		"budget": "50", "rpm": "0", "parallel": "41", "models": "a,,b", "inference": "yes", "expires": "2026-11-29",
	}, now)
	require.EqualError(t, err, `client acme: -budget: budget "50": want an amount with its unit and period, such as 50usd/month, 2.50usd/day, 100000tokens/day or 5usd/once, or none
client acme: -rpm is "0"; want a number from 1 to 24000; `+"`suspend`"+` refuses all requests
client acme: -parallel is "41"; want a number from 1 to 40; `+"`suspend`"+` refuses all requests
client acme: -models is "a,,b"; want ids of models with commas between them, such as amazon.nova-micro-v1:0, or all
client acme: -inference is "yes"; want true or false
client acme: -expires is "2026-11-29"; want a time to come within ten years: a duration such as 90d or 12h, a date such as 2027-01-31, of which the whole UTC day is valid, or never`)
	for flag, values := range map[string][]string{
		"rpm": {"", "1.5", "24001", "-1", "x"}, "models": {"", "a b", "a=1", "a,"}, "inference": {"", "1", "TRUE"},
		"budget": {"", "usd/month", "-1usd/month", "5eur/month", "1.5tokens/day"},
	} {
		for _, value := range values {
			_, err := clientadmin.ParseChange("acme", map[string]string{flag: value}, now)
			require.ErrorContains(t, err, "client acme: -"+flag, value)
		}
	}
}

func TestParseEnd(t *testing.T) {
	for value, want := range map[string]time.Time{
		"never":                     {},
		"90d":                       now.Add(90 * 24 * time.Hour),
		"12h":                       now.Add(12 * time.Hour),
		"1h30m0.5s":                 now.Add(90 * time.Minute),
		"2027-01-31":                time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC),
		"2026-11-30":                time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), // today
		"2027-01-31T10:00:00+02:00": time.Date(2027, 1, 31, 8, 0, 0, 0, time.UTC),
		"3660d":                     now.Add(3660 * 24 * time.Hour),
	} {
		end, err := clientadmin.ParseEnd("acme", value, now)
		require.NoError(t, err, value)
		assert.Equal(t, want, end, value)
	}
	for _, value := range []string{"", "0d", "-1h", "90", "d", "-90d", "1.5d", "2026-11-29", "2027-02-30", "31.01.2027", "3661d", "99999d", "2126-01-01", "2026-11-30T12:00:00Z", "soon"} {
		_, err := clientadmin.ParseEnd("acme", value, now)
		require.ErrorContains(t, err, `client acme: -expires is "`+value+`"; want a time to come`, value)
	}
}
