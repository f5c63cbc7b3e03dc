package price

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Price is the price of a model, per million tokens.
type Price struct {
	Input  Amount
	Output Amount

	// CacheRead and CacheWrite are those of input tokens read from and written to the
	// prompt cache.
	CacheRead  Amount
	CacheWrite Amount
}

// MaxPrice is the highest price per million tokens.
const MaxPrice = 1_000_000 * Dollar

// ParsePrice reads a price in dollars per million tokens: "0.035/0.14" for input and
// output, or "3/15/0.30/3.75" with those of the prompt cache. Without the latter, tokens
// read from the cache cost as much as others, and those written to it a quarter more, as
// with Anthropic's models.
func ParsePrice(s string) (Price, error) {
	parts := strings.Split(s, "/")
	if len(parts) != 2 && len(parts) != 4 {
		return Price{}, errors.New("want dollars per million tokens of input and output, such as 0.035/0.14, " +
			"and optionally of tokens read from and written to the prompt cache, such as 3/15/0.30/3.75")
	}
	var amounts [4]Amount
	for i, part := range parts {
		amount, err := ParseAmount(part)
		if err != nil {
			return Price{}, err
		}
		if amount > MaxPrice {
			return Price{}, fmt.Errorf("want at most %s dollars per million tokens", MaxPrice)
		}
		amounts[i] = amount
	}
	p := Price{Input: amounts[0], Output: amounts[1], CacheRead: amounts[2], CacheWrite: amounts[3]}
	if len(parts) == 2 {
		p.CacheRead, p.CacheWrite = p.Input, p.Input+(p.Input+3)/4
	}
	return p, nil
}

// String returns the price in the form that [ParsePrice] reads.
func (p Price) String() string {
	if p.CacheRead == p.Input && p.CacheWrite == p.Input+(p.Input+3)/4 {
		return p.Input.String() + "/" + p.Output.String()
	}
	return fmt.Sprintf("%s/%s/%s/%s", p.Input, p.Output, p.CacheRead, p.CacheWrite)
}

// Usage counts the tokens of one request.
type Usage struct {
	Input      int // cached ones included
	Output     int // reasoning included
	CacheRead  int // of Input
	CacheWrite int // of Input
}

// Total returns the number of tokens of input and output.
func (u Usage) Total() int64 { return int64(u.Input) + int64(u.Output) }

// Cost returns the cost of a request, rounded up to a nano-dollar for each kind of token.
func (p Price) Cost(u Usage) Amount {
	uncached := max(0, u.Input-u.CacheRead-u.CacheWrite)
	return perMillion(uncached, p.Input) + perMillion(u.CacheRead, p.CacheRead) +
		perMillion(u.CacheWrite, p.CacheWrite) + perMillion(u.Output, p.Output)
}

// Most returns the most that a request costs with these numbers of tokens or fewer,
// whether they are cached or not.
func (p Price) Most(input, output int) Amount {
	// The kinds of input tokens are rounded up one by one.
	const roundings = 2
	return perMillion(input, max(p.Input, p.CacheRead, p.CacheWrite)) + roundings + perMillion(output, p.Output)
}

// Table has the prices of models, by id.
type Table map[string]Price

// ParseTable reads the prices of models, by id, each as [ParsePrice] does. Its errors name
// the models.
func ParseTable(texts map[string]string) (Table, error) {
	table := Table{}
	var problems []error
	for _, model := range slices.Sorted(maps.Keys(texts)) {
		p, err := ParsePrice(texts[model])
		if err != nil {
			problems = append(problems, fmt.Errorf("price of %s: %w", model, err))
		}
		table[model] = p
	}
	return table, errors.Join(problems...)
}
