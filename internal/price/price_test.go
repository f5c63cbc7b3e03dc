package price_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/price"
)

func TestParseAmount(t *testing.T) {
	for text, want := range map[string]price.Amount{
		"0": 0, "1": price.Dollar, "12.50": 12_500_000_000, "0.000000001": 1, "007": 7 * price.Dollar, "1000000000": price.MaxAmount,
	} {
		got, err := price.ParseAmount(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", ".5", "5.", "-1", "+1", "1e3", "1,5", "$1", "0.0000000001", "1000000000.1", "99999999999", "1.2.3", " 1", "٣"} {
		_, err := price.ParseAmount(text)
		require.Error(t, err, text)
	}
}

func TestAmountString(t *testing.T) {
	for amount, want := range map[price.Amount]string{
		0: "0", price.Dollar: "1", price.Dollar / 2: "0.50", 35_000_000: "0.035", 1: "0.000000001", -1: "-0.000000001",
		math.MinInt64: "-9223372036.854775808",
	} {
		assert.Equal(t, want, amount.String())
	}
}

func TestParsePrice(t *testing.T) {
	nova, err := price.ParsePrice("0.035/0.14")
	require.NoError(t, err)
	assert.Equal(t, price.Price{Input: 35_000_000, Output: 140_000_000, CacheRead: 35_000_000, CacheWrite: 43_750_000}, nova)
	claude, err := price.ParsePrice("3/15/0.30/3.75")
	require.NoError(t, err)
	assert.Equal(t, 3750*price.Dollar/1000, claude.CacheWrite)
	for _, p := range []price.Price{nova, claude} {
		read, err := price.ParsePrice(p.String())
		require.NoError(t, err)
		assert.Equal(t, p, read)
	}
	for _, text := range []string{"", "1", "1/2/3", "1/", "/1", "1/2/3/4/5", "-1/2", "1000001/1", "0.1234567891/1"} {
		_, err := price.ParsePrice(text)
		require.Error(t, err, text)
	}
}

func TestCost(t *testing.T) {
	nova, _ := price.ParsePrice("0.035/0.14")
	assert.Equal(t, price.Amount(35*1000+140*100), nova.Cost(price.Usage{Input: 1000, Output: 100}))
	assert.Equal(t, price.Amount(0), price.Price{}.Cost(price.Usage{Input: 1000, Output: 100}))
	claude, _ := price.ParsePrice("3/15/0.30/3.75")
	assert.Equal(t, price.Amount(100*3000+800*300+100*3750), claude.Cost(price.Usage{Input: 1000, CacheRead: 800, CacheWrite: 100}))
	third, _ := price.ParsePrice("0.0000001/0")
	assert.Equal(t, price.Amount(1), third.Cost(price.Usage{Input: 1}), "rounded up")
}

func TestNoRequestCostsMoreThanTheMost(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		p := price.Price{
			Input: price.Amount(source.Int64N(int64(price.MaxPrice))), Output: price.Amount(source.Int64N(1000)),
			CacheRead: price.Amount(source.Int64N(1000)), CacheWrite: price.Amount(source.Int64N(int64(price.MaxPrice))),
		}
		input, output := source.IntN(1_000_000), source.IntN(100_000)
		used := price.Usage{Input: source.IntN(input + 1), Output: source.IntN(output + 1)}
		used.CacheRead = source.IntN(used.Input + 1)
		used.CacheWrite = source.IntN(used.Input - used.CacheRead + 1)
		require.LessOrEqual(t, p.Cost(used), p.Most(input, output))
	}
	highest := price.Price{Input: price.MaxPrice, Output: price.MaxPrice}
	assert.Positive(t, highest.Most(math.MaxInt, math.MaxInt), "no overflow")
}

func TestParseTable(t *testing.T) {
	profile := "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3"
	table, err := price.ParseTable(map[string]string{"amazon.nova-micro-v1:0": "0.035/0.14", profile: "0/0"})
	require.NoError(t, err)
	assert.Equal(t, price.Price{}, table[profile])
	assert.Contains(t, table, "amazon.nova-micro-v1:0")
	_, err = price.ParseTable(map[string]string{"a": "", "b": "1", "c": "1/1", "d": "-1/1"})
	for _, named := range []string{"price of a:", "price of b:", "price of d:"} {
		require.ErrorContains(t, err, named)
	}
	assert.NotContains(t, err.Error(), "price of c")
}
