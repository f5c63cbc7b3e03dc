// Package price computes what requests to models cost, and the most that they may cost.
package price

import (
	"fmt"
	"math"
	"math/big"
	"strings"
)

// Amount is an amount of money in nano-dollars: 10⁻⁹ US dollars.
type Amount int64

// Dollar is one US dollar.
const Dollar Amount = 1_000_000_000

// MaxAmount is the largest amount that is read from a text: a billion dollars. Sums of
// several stay within 64 bits.
const MaxAmount = 1_000_000_000 * Dollar

// ParseAmount reads an amount in dollars, such as "12.50", with at most nine decimals.
func ParseAmount(s string) (Amount, error) {
	whole, decimals, _ := strings.Cut(s, ".")
	if whole == "" || len(whole) > 10 || len(decimals) > 9 || strings.HasSuffix(s, ".") || strings.Trim(whole+decimals, "0123456789") != "" {
		return 0, fmt.Errorf("want dollars such as 12.50, with at most 9 decimals")
	}
	nano, _ := new(big.Int).SetString(whole+decimals+strings.Repeat("0", 9-len(decimals)), 10)
	if nano.Cmp(big.NewInt(int64(MaxAmount))) > 0 {
		return 0, fmt.Errorf("want at most %s dollars", MaxAmount)
	}
	return Amount(nano.Int64()), nil
}

// String returns the amount in dollars, with as many decimals as it needs, of which
// there are at least two, or none.
func (a Amount) String() string {
	sign, n := "", uint64(a)
	if a < 0 {
		sign, n = "-", uint64(-(a+1))+1
	}
	decimals := strings.TrimRight(fmt.Sprintf("%09d", n%uint64(Dollar)), "0")
	switch len(decimals) {
	case 0:
		return fmt.Sprintf("%s%d", sign, n/uint64(Dollar))
	case 1:
		decimals += "0"
	}
	return fmt.Sprintf("%s%d.%s", sign, n/uint64(Dollar), decimals)
}

// Dollars returns the amount in dollars, for metrics.
func (a Amount) Dollars() float64 { return float64(a) / float64(Dollar) }

// perMillion returns the price of a number of tokens at a price per million, rounded up.
// It saturates far above every budget.
func perMillion(tokens int, price Amount) Amount {
	product := new(big.Int).Mul(big.NewInt(int64(tokens)), big.NewInt(int64(price)))
	product.Add(product, big.NewInt(999_999))
	product.Quo(product, big.NewInt(1_000_000))
	if !product.IsInt64() || product.Int64() > math.MaxInt64/8 {
		return math.MaxInt64 / 8
	}
	return Amount(product.Int64())
}
