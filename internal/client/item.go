package client

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// The names of an item's attributes. Those of counters are [Minute]'s and
// [Budget.Counter]'s.
const (
	PartitionKey = dynamo.PartitionKey
	SortKey      = dynamo.SortKey

	RevisionAttribute = "rev"
	KeysAttribute     = "keys"
	HoldsAttribute    = "h"

	enabledAttribute   = "on"
	modelsAttribute    = "models"
	inferenceAttribute = "inf"
	expiresAttribute   = "exp"
	limitAttribute     = "lim"
	unitAttribute      = "unit"
	periodAttribute    = "per"
	perMinuteAttribute = "rpm"
	atOnceAttribute    = "par"
)

// PolicyAttributes are the names of the attributes that [Policy.Attributes] may return,
// each of which an update of the policy sets or removes.
func PolicyAttributes() []string {
	return []string{
		RevisionAttribute, enabledAttribute, KeysAttribute, modelsAttribute, inferenceAttribute, expiresAttribute,
		limitAttribute, unitAttribute, periodAttribute, perMinuteAttribute, atOnceAttribute,
	}
}

const itemPrefix = "C#"

// Key returns the key of the item of the client with this name.
func Key(name string) dynamo.Item {
	return dynamo.Item{PartitionKey: dynamo.String(itemPrefix + name), SortKey: dynamo.String("C")}
}

// Attributes returns the policy as attributes. One without a value is left out.
func (p Policy) Attributes() dynamo.Item {
	item := dynamo.Item{
		RevisionAttribute:  dynamo.Number(p.Revision),
		enabledAttribute:   dynamo.Bool(p.Enabled),
		inferenceAttribute: dynamo.Bool(p.Inference),
		perMinuteAttribute: dynamo.Number(int64(p.PerMinute)),
		atOnceAttribute:    dynamo.Number(int64(p.AtOnce)),
	}
	if len(p.Keys) > 0 {
		item[KeysAttribute] = dynamo.StringSet(p.Keys)
	}
	if p.Models != nil {
		item[modelsAttribute] = dynamo.StringSet(p.Models)
	}
	if !p.Expires.IsZero() {
		item[expiresAttribute] = dynamo.Number(p.Expires.Unix())
	}
	if !p.Budget.IsZero() {
		item[limitAttribute] = dynamo.Number(p.Budget.Limit)
		item[unitAttribute] = dynamo.String(string(p.Budget.Unit))
		item[periodAttribute] = dynamo.String(string(p.Budget.Period))
	}
	return item
}

// NewItem returns the item of a new client, which has used nothing.
func NewItem(name string, p Policy) dynamo.Item {
	item := p.Attributes()
	item[HoldsAttribute] = dynamo.Map(nil)
	for attribute, value := range Key(name) {
		item[attribute] = value
	}
	return item
}

// errDamaged is wrapped by the errors of [ParseItem].
var errDamaged = errors.New("the client's item is damaged")

// ParseItem reads a client's item. It refuses an item without a limit that it needs: a
// limit that can't be read must not become none.
func ParseItem(item dynamo.Item) (Record, error) {
	r := Record{Used: map[string]int64{}, Minutes: map[string]int64{}, Holds: map[string]int64{}}
	name, found := strings.CutPrefix(item[PartitionKey].Text(), itemPrefix)
	if !found {
		return Record{}, fmt.Errorf("%w: %s is %q", errDamaged, PartitionKey, item[PartitionKey].Text())
	}
	p := itemParser{item: item, name: name}
	r.Name = name
	r.Policy = Policy{
		Revision:  p.number(RevisionAttribute),
		Enabled:   p.flag(enabledAttribute),
		Keys:      item[KeysAttribute].SS,
		Models:    item[modelsAttribute].SS,
		Inference: item[inferenceAttribute].IsTrue(),
		PerMinute: int(p.number(perMinuteAttribute)),
		AtOnce:    int(p.number(atOnceAttribute)),
	}
	if _, limited := item[modelsAttribute]; limited && len(r.Models) == 0 {
		p.fail(modelsAttribute)
	}
	if _, expires := item[expiresAttribute]; expires {
		r.Expires = time.Unix(p.number(expiresAttribute), 0)
	}
	if p.hasBudget() {
		r.Budget = p.budget()
	}
	p.counters(&r)
	p.holds(&r)
	return r, errors.Join(p.problems...)
}

type itemParser struct {
	item     dynamo.Item
	name     string
	problems []error
}

func (p *itemParser) fail(attribute string) {
	p.problems = append(p.problems, fmt.Errorf("%w: attribute %s of client %s", errDamaged, attribute, p.name))
}

func (p *itemParser) number(attribute string) int64 {
	n, ok := p.item[attribute].Int()
	if !ok || n < 0 {
		p.fail(attribute)
	}
	return n
}

func (p *itemParser) flag(attribute string) bool {
	if p.item[attribute].BOOL == nil {
		p.fail(attribute)
	}
	return p.item[attribute].IsTrue()
}

// hasBudget reports whether any of a budget's attributes is there.
func (p *itemParser) hasBudget() bool {
	return slices.ContainsFunc([]string{limitAttribute, unitAttribute, periodAttribute}, func(attribute string) bool {
		_, found := p.item[attribute]
		return found
	})
}

func (p *itemParser) budget() Budget {
	b := Budget{
		Limit:  p.number(limitAttribute),
		Unit:   Unit(p.item[unitAttribute].Text()),
		Period: Period(p.item[periodAttribute].Text()),
	}
	if nameOf(units, b.Unit) == "" {
		p.fail(unitAttribute)
	}
	if nameOf(periods, b.Period) == "" {
		p.fail(periodAttribute)
	}
	return b
}

// counters reads the counters, whose names no other attribute has.
func (p *itemParser) counters(r *Record) {
	for name := range p.item {
		switch {
		case slices.Contains(PolicyAttributes(), name):
		case isCounter(name):
			r.Used[name], _ = p.item[name].Int()
		case isMinute(name):
			r.Minutes[name] = p.number(name)
		}
	}
}

// isCounter reports whether an attribute has the name of a budget's counter.
func isCounter(name string) bool {
	rest, found := strings.CutPrefix(name, counterPrefix)
	return found && len(rest) >= 2 && nameOf(units, Unit(rest[:1])) != "" && nameOf(periods, Period(rest[1:2])) != ""
}

func isMinute(name string) bool {
	rest, found := strings.CutPrefix(name, minutePrefix)
	return found && rest != "" && strings.Trim(rest, "0123456789") == ""
}

func (p *itemParser) holds(r *Record) {
	if p.item[HoldsAttribute].M == nil {
		p.fail(HoldsAttribute)
	}
	for id, value := range p.item[HoldsAttribute].M {
		r.Holds[id], _ = value.Int()
	}
}

func sorted(all []string) []string {
	slices.Sort(all)
	return all
}
