// Package costs computes what a stack costs at rest and for a million requests, from
// the resources that the program declares and one file of unit prices.
package costs

import (
	_ "embed"
	"fmt"

	"gopkg.in/yaml.v3"
)

//go:embed prices.yaml
var pricesYAML []byte

// Prices holds the unit prices of one region at one date.
type Prices struct {
	AsOf   string           `yaml:"asOf"` // 2026-11-21
	Region string           `yaml:"region"`
	Prices map[string]Price `yaml:"prices"`
}

// Price holds the price of one unit.
type Price struct {
	USD    float64 `yaml:"usd"`
	Per    string  `yaml:"per"` // the unit, in words
	Source string  `yaml:"source"`
}

// ListPrices returns the prices of prices.yaml.
func ListPrices() (Prices, error) {
	var p Prices
	if err := yaml.Unmarshal(pricesYAML, &p); err != nil {
		return Prices{}, fmt.Errorf("prices.yaml: %w", err)
	}
	return p, nil
}

// of returns a price. It panics for a name that the file lacks: a mistake of this package.
func (p Prices) of(name string) float64 {
	price, ok := p.Prices[name]
	if !ok {
		panic("prices.yaml has no price " + name)
	}
	return price.USD
}
