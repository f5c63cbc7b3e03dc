package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestBooleans(t *testing.T) {
	for _, c := range []struct {
		given   string
		want    bool
		refused bool
	}{
		{given: "true", want: true},
		{given: "false", want: false},
		{given: "yes", refused: true},
		{given: "1", refused: true},
		{given: "", refused: true},
	} {
		r := newReader(nil, map[string]string{"gatehouse:open": c.given})
		got := setting[bool]{key: "open"}.read(r)
		if c.refused {
			assert.Equal(t, Problems{{Key: "gatehouse:open", Given: c.given, Rule: "allowed: true or false"}}, r.problems)
			continue
		}
		assert.Empty(t, r.problems, c.given)
		assert.Equal(t, c.want, got, c.given)
	}
	assert.True(t, setting[bool]{key: "open", byDefault: true}.read(newReader(nil, nil)))
}

func TestLists(t *testing.T) {
	short := func(s string) bool { return len(s) < 3 }
	read := func(config map[string]string) ([]string, Problems) {
		r := newReader(nil, config)
		return setting[[]string]{key: "names", allowed: each(short, "a short name")}.read(r), r.problems
	}
	for _, c := range []struct {
		given string
		want  []string
	}{
		{`[]`, []string{}},
		{`["a"]`, []string{"a"}},
		{`["b", "a"]`, []string{"b", "a"}},
	} {
		got, problems := read(map[string]string{"gatehouse:names": c.given})
		assert.Empty(t, problems, c.given)
		assert.Equal(t, c.want, got, c.given)
	}
	got, problems := read(nil)
	assert.Empty(t, problems)
	assert.Empty(t, got)

	for _, c := range []struct{ given, rule string }{
		{`a`, "a list in which each is a short name; set it with `pulumi config set --path 'gatehouse:names[0]' VALUE`"},
		{``, "a list in which each is a short name; set it"},
		{`null`, "a list in which each is a short name; set it"},
		{`{"a": 1}`, "a list in which each is a short name; set it"},
		{`[1]`, "a list in which each is a short name; set it"},
		{`["a", "long", "b"]`, `a list in which each is a short name; "long" is not`},
		{`["a", "b", "a"]`, `"a" is there twice`},
	} {
		_, problems := read(map[string]string{"gatehouse:names": c.given})
		if assert.Len(t, problems, 1, c.given) {
			assert.Equal(t, c.given, problems[0].Given)
			assert.Contains(t, problems[0].Rule, c.rule)
		}
	}
}
