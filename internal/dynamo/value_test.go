package dynamo_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
)

func TestValuesAreThoseOfTheAPI(t *testing.T) {
	item := dynamo.Item{
		"s": dynamo.String(""), "n": dynamo.Number(-7), "b": dynamo.Bool(false), "ss": dynamo.StringSet([]string{"b", "a", "b"}),
		"empty": dynamo.Map(nil), "m": dynamo.Map(dynamo.Item{"x": dynamo.Number(1)}),
	}
	text := `{"s": {"S": ""}, "n": {"N": "-7"}, "b": {"BOOL": false}, "ss": {"SS": ["a", "b"]}, "empty": {"M": {}}, "m": {"M": {"x": {"N": "1"}}}}`
	encoded, err := json.Marshal(item)
	require.NoError(t, err)
	assert.JSONEq(t, text, string(encoded))
	var read dynamo.Item
	require.NoError(t, json.Unmarshal([]byte(text), &read))
	assert.Equal(t, item, read)
}

func TestValuesOfOtherTypesAreZero(t *testing.T) {
	assert.Empty(t, dynamo.Number(1).Text())
	assert.False(t, dynamo.String("true").IsTrue())
	for _, text := range []string{"1.5", "1e3", "99999999999999999999", ""} {
		_, ok := dynamo.Value{N: &text}.Int()
		assert.False(t, ok, text)
	}
	_, ok := dynamo.String("1").Int()
	assert.False(t, ok)
}
