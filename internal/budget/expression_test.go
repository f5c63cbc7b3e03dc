package budget_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

func TestReserveExpression(t *testing.T) {
	r := decide(t, known(policy()), ask())
	assert.Equal(t, dynamo.Update{
		Key:    dynamo.Item{"pk": dynamo.String("C#acme"), "sk": dynamo.String("C")},
		Update: "SET #u = if_not_exists(#u, :zero) + :u, #r = if_not_exists(#r, :zero) + :r, #h.#id = :hold",
		Condition: "#rev = :rev AND (attribute_not_exists(#r) OR #r < :rpm) AND (attribute_not_exists(#u) OR #u <= :room)" +
			" AND attribute_not_exists(#h.#id) AND size(#h) < :par",
		Names: map[string]string{"#u": window, "#r": minute, "#rev": "rev", "#h": "h", "#id": ask().HoldID},
		Values: dynamo.Item{
			":zero": dynamo.Number(0), ":u": dynamo.Number(100), ":r": dynamo.Number(1), ":hold": dynamo.Number(100),
			":rev": dynamo.Number(3), ":rpm": dynamo.Number(60), ":room": dynamo.Number(900), ":par": dynamo.Number(10),
		},
		ReturnNew: true, ReturnOld: true,
	}, r.Update())
}

func TestReserveExpressionThatReplaces(t *testing.T) {
	p := policy()
	p.AtOnce, p.Budget = 2, client.Budget{}
	record := addHolds(known(p), 2, -time.Minute)
	record.Minutes["r1"] = 5
	u := decide(t, record, ask()).Update()
	assert.Equal(t, "SET #u = if_not_exists(#u, :zero) + :u, #r = if_not_exists(#r, :zero) + :r, #h.#id = :hold"+
		" REMOVE #h.#d0, #h.#d1, #m0", u.Update)
	assert.Equal(t, "#rev = :rev AND (attribute_not_exists(#r) OR #r < :rpm) AND attribute_not_exists(#h.#id)"+
		" AND attribute_exists(#h.#d0) AND attribute_exists(#h.#d1) AND size(#h) < :par", u.Condition)
	assert.Equal(t, dynamo.Number(4), u.Values[":par"])
	assert.Equal(t, hold(-time.Minute, "000"), u.Names["#d0"])
	assert.Equal(t, "r1", u.Names["#m0"])
}

func TestFinalReserveExpression(t *testing.T) {
	a := ask()
	a.Final = true
	u := decide(t, known(policy()), a).Update()
	assert.Equal(t, "SET #u = if_not_exists(#u, :zero) + :u, #r = if_not_exists(#r, :zero) + :r", u.Update)
	assert.Equal(t, "#rev = :rev AND (attribute_not_exists(#r) OR #r < :rpm) AND (attribute_not_exists(#u) OR #u <= :room)", u.Condition)
	assert.NotContains(t, u.Names, "#h")
}

func TestSettleExpression(t *testing.T) {
	r := decide(t, known(policy()), ask())
	latest := addHolds(known(policy()), 1, -time.Minute)
	latest.Minutes["r1"], latest.Used["u$m2026-08"], latest.Used[window] = 1, 7, 100
	u := r.Settle(budget.Outcome{Charge: budget.ChargedUse, Use: budget.Use{Cost: 30}}, latest, noon).Update()
	assert.Equal(t, dynamo.Update{
		Key:       dynamo.Item{"pk": dynamo.String("C#acme"), "sk": dynamo.String("C")},
		Update:    "SET #u = #u - :refund REMOVE #h.#id, #h.#d0, #m0, #w0",
		Condition: "attribute_exists(#h.#id)",
		Names: map[string]string{
			"#u": window, "#h": "h", "#id": ask().HoldID, "#d0": hold(-time.Minute, "000"), "#m0": "r1", "#w0": "u$m2026-08",
		},
		Values: dynamo.Item{":refund": dynamo.Number(70)},
	}, u)
}

// TestEveryReserveHasAllConditions looks at the reservations of many records.
func TestEveryReserveHasAllConditions(t *testing.T) {
	count := 0
	for _, limit := range []int64{0, 1000} {
		for _, live := range []int{0, 1, 9} {
			for _, dead := range []int{0, 1, 10, 40} {
				for _, final := range []bool{false, true} {
					p := policy()
					if p.Budget.Limit = limit; limit == 0 {
						p.Budget = client.Budget{}
					}
					a := ask()
					a.Final = final
					r := decide(t, addHolds(addHolds(known(p), live, time.Minute), dead, -time.Minute), a)
					parts := strings.Split(r.Update().Condition, " AND ")
					count++
					assert.Contains(t, parts, "#rev = :rev")
					assert.Contains(t, parts, "(attribute_not_exists(#r) OR #r < :rpm)")
					assert.Equal(t, r.Room != math.MaxInt64, slices.Contains(parts, "(attribute_not_exists(#u) OR #u <= :room)"))
					assert.Equal(t, limit != 0, r.Room != math.MaxInt64)
					assert.Equal(t, !final, slices.Contains(parts, "attribute_not_exists(#h.#id)"))
					assert.Equal(t, !final, slices.Contains(parts, "size(#h) < :par"))
				}
			}
		}
	}
	assert.Equal(t, 48, count)
}

// TestExpressionsStayWithinDynamoDBsLimits: 4 KB for an expression, and 300 operators and
// functions.
func TestExpressionsStayWithinDynamoDBsLimits(t *testing.T) {
	record := addHolds(known(policy()), client.MaxAtOnce, -time.Minute)
	record.AtOnce = 1
	for ago := range 1000 {
		record.Minutes[client.Minute(noon.Add(-time.Duration(ago)*time.Minute))] = 1
		record.Used[fmt.Sprintf("u$d20%02d-01-01", ago%100)] = 1
	}
	r := decide(t, record, ask())
	assert.Len(t, r.Cleared, client.MaxAtOnce)
	s := r.Settle(budget.Outcome{Charge: budget.ChargedHold}, record, noon)
	for _, u := range []dynamo.Update{r.Update(), s.Update()} {
		for _, text := range []string{u.Update, u.Condition} {
			operators := strings.Count(text, "(") + strings.Count(text, " AND ") + strings.Count(text, " OR ") +
				strings.Count(text, "=") + strings.Count(text, "<") + strings.Count(text, ",") + strings.Count(text, " + ") + strings.Count(text, ".")
			t.Logf("%d bytes, at most %d operators", len(text), operators)
			assert.Less(t, len(text), 4096)
			assert.Less(t, operators, 300)
		}
	}
}
