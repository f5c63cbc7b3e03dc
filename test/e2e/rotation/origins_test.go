package rotation

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

func TestEveryChangeCarriesAKeyOfTheRing(t *testing.T) {
	const (
		one    = `{"n":1,"operation":"UpdateDistribution","headers":[{"origin":"api","name":"X-Door","parameter":"/ring/a"}]}`
		second = `{"n":2,"headers":[{"origin":"added","name":"x-door","parameter":"/ring/a"},{"origin":"api","name":"x-door","parameter":"/ring/a"}]}`
	)
	tested := test{header: "x-door", keyPath: "/ring"}
	for name, of := range map[string]struct {
		changes string
		fails   string
	}{
		"keys everywhere":          {one + second + second + one, ""},
		"nothing":                  {"", "no change"},
		"no second origin":         {one + one, "0 changes of the distribution had the second origin"},
		"an unknown value":         {second + second + `{"n":3,"operation":"UpdateDistribution","headers":[{"origin":"api","name":"x-door","parameter":null}]}`, "change 3 of the distribution (UpdateDistribution)"},
		"a parameter of elsewhere": {second + second + `{"n":4,"headers":[{"origin":"api","name":"x-door","parameter":"/ringer/a"}]}`, "change 4"},
		"another header":           {second + second + `{"n":5,"headers":[{"origin":"api","name":"x-other","parameter":"/ring/a"}]}`, "change 5"},
		"only another origin":      {second + second + `{"n":6,"headers":[{"origin":"added","name":"x-door","parameter":"/ring/a"}]}`, "change 6"},
		"two keys":                 {second + `{"n":7,"headers":[{"origin":"added","name":"x-door","parameter":"/ring/b"},{"origin":"api","name":"x-door","parameter":"/ring/a"}]}`, "change 7 of the distribution sent /ring/a to one origin and /ring/b to the other"},
	} {
		var changes []awsclient.OriginHeaders
		for decoder := json.NewDecoder(strings.NewReader(of.changes)); decoder.More(); {
			var change awsclient.OriginHeaders
			if err := decoder.Decode(&change); err != nil {
				t.Fatal(err)
			}
			changes = append(changes, change)
		}
		err := tested.carryKeys(changes)
		if (err == nil) != (of.fails == "") || err != nil && !strings.Contains(err.Error(), of.fails) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
