package client_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

// fullPolicy has a value in every field.
func fullPolicy() client.Policy {
	return client.Policy{
		Revision: 1_764_331_200_000_000, Enabled: true, Keys: []string{"a2b3c4d5", "k7f3q9ab"}, Models: []string{"amazon.nova-micro-v1:0"},
		Inference: true, Budget: client.Budget{Limit: 50_000_000_000, Unit: client.Dollars, Period: client.Month},
		PerMinute: 120, AtOnce: client.MaxAtOnce, Expires: time.Unix(1_800_000_000, 0),
	}
}

// plainPolicy has none that may be left out.
func plainPolicy() client.Policy {
	return client.Policy{Revision: 1, PerMinute: client.DefaultPerMinute, AtOnce: client.DefaultAtOnce}
}

func TestItemsAreReadAsWritten(t *testing.T) {
	for _, p := range []client.Policy{fullPolicy(), plainPolicy()} {
		record, err := client.ParseItem(client.NewItem("acme", p))
		require.NoError(t, err)
		assert.Equal(t, client.Record{
			Name: "acme", Policy: p, Used: map[string]int64{}, Minutes: map[string]int64{}, Holds: map[string]int64{},
		}, record)
	}
}

func TestEveryAttributeOfAPolicyIsNamed(t *testing.T) {
	var names []string
	for name := range fullPolicy().Attributes() {
		names = append(names, name)
	}
	assert.ElementsMatch(t, client.PolicyAttributes(), names)
}

func TestCountersAndHoldsAreRead(t *testing.T) {
	item := client.NewItem("acme", fullPolicy())
	for name, n := range map[string]int64{"u$m2026-11": 7, "utd2026-11-28": -1, "u$o": 3, "r29384756": 4} {
		item[name] = dynamo.Number(n)
	}
	item[client.HoldsAttribute] = dynamo.Map(dynamo.Item{"t5xk2a-9fQ3": dynamo.Number(196_000)})
	item["unit2"], item["u"], item["r"], item["rx1"] = dynamo.Number(1), dynamo.Number(1), dynamo.Number(1), dynamo.Number(1)
	record, err := client.ParseItem(item)
	require.NoError(t, err)
	assert.Equal(t, map[string]int64{"u$m2026-11": 7, "utd2026-11-28": -1, "u$o": 3}, record.Used)
	assert.Equal(t, map[string]int64{"r29384756": 4}, record.Minutes)
	assert.Equal(t, map[string]int64{"t5xk2a-9fQ3": 196_000}, record.Holds)
}

func TestDamagedItemsAreRefused(t *testing.T) {
	text, number := dynamo.String("x"), func(s string) dynamo.Value { return dynamo.Value{N: &s} }
	wrong := map[string][]dynamo.Value{
		client.RevisionAttribute: {{}, text, number("-1"), number("1.5"), number("1e400")},
		"on":                     {{}, text, number("1")},
		"models":                 {{}, text, number("1")},
		"exp":                    {{}, text, number("-1")},
		"lim":                    {{}, text, number("-1"), number("9223372036854775808")},
		"unit":                   {{}, text, number("1"), dynamo.String("")},
		"per":                    {{}, text, number("1"), dynamo.String("")},
		"rpm":                    {{}, text, number("-1")},
		"par":                    {{}, text, number("-1")},
		"h":                      {{}, text},
		"r29384756":              {{}, text, number("-1")},
	}
	for name, values := range wrong {
		for _, value := range values {
			item := client.NewItem("acme", fullPolicy())
			item[name] = value
			_, err := client.ParseItem(item)
			require.ErrorContains(t, err, "attribute "+name+" of client acme", "%s %+v", name, value)
		}
	}
	for _, name := range []string{client.RevisionAttribute, "on", "lim", "unit", "per", "rpm", "par", "h"} {
		item := client.NewItem("acme", fullPolicy())
		delete(item, name)
		_, err := client.ParseItem(item)
		require.ErrorContains(t, err, "attribute "+name+" of client acme")
	}
	for _, item := range []dynamo.Item{nil, {}, {"pk": dynamo.String("K#x")}, {"pk": dynamo.Number(1)}} {
		_, err := client.ParseItem(item)
		require.Error(t, err)
	}
}

func TestAnUnreadableKeyIsNone(t *testing.T) {
	item := client.NewItem("acme", fullPolicy())
	item["keys"], item["inf"] = dynamo.String("k7f3q9ab"), dynamo.String("true")
	record, err := client.ParseItem(item)
	require.NoError(t, err)
	assert.False(t, record.Has("k7f3q9ab"))
	assert.False(t, record.Inference)
}

// TestFullItemsAreOneWriteUnit measures an item as DynamoDB does: names and values in
// UTF-8, numbers by two digits in a byte, maps with 3 bytes and 1 for each member.
func TestFullItemsAreOneWriteUnit(t *testing.T) {
	p := fullPolicy()
	p.Keys, p.Models = nil, nil
	for i := range client.MaxKeys {
		p.Keys = append(p.Keys, fmt.Sprintf("k7f3q9a%d", i))
	}
	item := client.NewItem("a-client-with-the-longest-name-x", p)
	holds := dynamo.Item{}
	for i := range client.MaxAtOnce {
		holds[client.HoldID(noon, fmt.Sprintf("%04d", i))] = dynamo.Number(196_000)
	}
	item[client.HoldsAttribute] = dynamo.Map(holds)
	for ago := range 3 {
		item[client.Minute(noon.Add(-time.Duration(ago)*time.Minute))] = dynamo.Number(20_000)
		item[p.Budget.Counter(noon.AddDate(0, -ago, 0))] = dynamo.Number(49_999_999_999)
	}
	size := sizeOf(item)
	t.Logf("%d bytes", size)
	assert.LessOrEqual(t, size, 1024)
}

func sizeOf(item dynamo.Item) int {
	size := 0
	for name, value := range item {
		size += len(name)
		switch {
		case value.S != nil:
			size += len(*value.S)
		case value.N != nil:
			size += 1 + (len(*value.N)+1)/2
		case value.BOOL != nil:
			size++
		case value.M != nil:
			size += 3 + len(value.M) + sizeOf(value.M)
		}
		for _, member := range value.SS {
			size += 1 + len(member)
		}
	}
	return size
}

func FuzzParseItem(f *testing.F) {
	for _, p := range []client.Policy{fullPolicy(), plainPolicy()} {
		item := client.NewItem("acme", p)
		item["u$m2026-11"], item["r29384756"] = dynamo.Number(1), dynamo.Number(1)
		item[client.HoldsAttribute] = dynamo.Map(dynamo.Item{"t5xk2a-9fQ3": dynamo.Number(1)})
		text, err := json.Marshal(item)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var item dynamo.Item
		if json.Unmarshal(text, &item) != nil {
			return
		}
		before := maps.Clone(item)
		record, err := client.ParseItem(item)
		assert.Equal(t, before, item)
		if err != nil {
			return
		}
		again, err := client.ParseItem(client.NewItem(record.Name, record.Policy))
		require.NoError(t, err)
		assert.ElementsMatch(t, record.Keys, again.Keys)
		assert.Equal(t, record.Budget, again.Budget)
		assert.Equal(t, record.Models == nil, again.Models == nil, "a limit that was read stays one")
		assert.GreaterOrEqual(t, record.PerMinute, 0)
		assert.GreaterOrEqual(t, record.AtOnce, 0)
		record.OldMinutes(noon)
		record.OldWindows(noon)
		record.Live(noon)
	})
}
