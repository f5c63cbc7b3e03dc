package api

import (
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// maxSubschemas limits the subschemas that an answer may be compared with. Each reference
// counts as what it refers to: a small schema can have billions in this way.
const maxSubschemas = 5000

// subschemas returns how many values a schema has with its local references followed, or
// more than [maxSubschemas] if there are more. A reference within what it refers to is not
// followed again.
func subschemas(schema strictjson.Value) int {
	c := subschemaCounter{root: schema, entered: map[string]bool{}}
	c.count(schema)
	return c.visited
}

type subschemaCounter struct {
	root    strictjson.Value
	entered map[string]bool
	visited int
}

func (c *subschemaCounter) count(value strictjson.Value) {
	if c.visited++; c.visited > maxSubschemas {
		return
	}
	for _, element := range value.Elements() {
		c.count(element)
	}
	for _, member := range value.Members() {
		if (member.Name == "$ref" || member.Name == "$dynamicRef") && member.Value.Kind == strictjson.String {
			c.follow(member.Value.Text())
		} else {
			c.count(member.Value)
		}
	}
}

func (c *subschemaCounter) follow(reference string) {
	path, local := strings.CutPrefix(reference, "#")
	if !local || c.entered[reference] {
		return
	}
	c.entered[reference] = true
	defer delete(c.entered, reference)
	target := c.root
	for token := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if token != "" {
			target = target.Get(strictjson.Unescape(token))
		}
	}
	c.count(target)
}
