package bridge

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// ignoreCases are updates of a distribution whose origins have a header with a key. The new input is what the engine
// hands over: it has put the old input where changes are ignored.
var ignoreCases = map[string]struct {
	old, news input
	ignore    []string
	sent      []string // nil if there is nothing to update
	since3136 []string // what a newer classic bridge than the official plugin's sends, if that differs
}{
	"an attribute of the origin changes": {
		old: input{"c", []origin{{"api", 10, "K2"}}}, news: input{"c", []origin{{"api", 7, "K2"}}},
		sent: []string{`api 7s ["K2"]`},
	},
	"it changes and the header is ignored: the key is lost": {
		old: input{"c", []origin{{"api", 10, "K2"}}}, news: input{"c", []origin{{"api", 7, "K2"}}},
		ignore: []string{"origins[0].customHeaders"}, sent: []string{`api 7s []`},
	},
	"it changes and the header's value is ignored: the value is lost": {
		old: input{"c", []origin{{"api", 10, "K2"}}}, news: input{"c", []origin{{"api", 7, "K2"}}},
		ignore: []string{"origins[0].customHeaders[0].value"}, sent: []string{`api 7s [""]`},
	},
	"it changes and the one header is ignored: it is sent empty": {
		old: input{"c", []origin{{"api", 10, "K2"}}}, news: input{"c", []origin{{"api", 7, "K2"}}},
		ignore: []string{"origins[0].customHeaders[0]"}, sent: []string{`api 7s [""]`},
	},
	"it changes and the header is ignored by a wildcard, which is no path here": {
		old: input{"c", []origin{{"api", 10, "K2"}}}, news: input{"c", []origin{{"api", 7, "K2"}}},
		ignore: []string{"origins[*].customHeaders"}, sent: []string{`api 7s ["K2"]`},
	},
	"only the comment changes and the header is ignored": {
		old: input{"c", []origin{{"api", 10, "K2"}}}, news: input{"d", []origin{{"api", 10, "K2"}}},
		ignore: []string{"origins[0].customHeaders"}, sent: []string{`api 10s ["K2"]`},
	},
	"nothing changes": {
		old: input{"c", []origin{{"api", 10, "K2"}}}, news: input{"c", []origin{{"api", 10, "K2"}}},
	},
	"nothing changes and the header is ignored": {
		old: input{"c", []origin{{"api", 10, "K2"}}}, news: input{"c", []origin{{"api", 10, "K2"}}},
		ignore: []string{"origins[0].customHeaders"},
	},

	// The program's own case: it ignores no change and sends the key.
	"the key is another than in the state": {
		old: input{"c", []origin{{"api", 10, "K1"}}}, news: input{"c", []origin{{"api", 10, "K3"}}},
		sent: []string{`api 10s ["K3"]`},
	},
	"the key is another, and an attribute": {
		old: input{"c", []origin{{"api", 10, "K1"}}}, news: input{"c", []origin{{"api", 7, "K3"}}},
		sent: []string{`api 7s ["K3"]`},
	},
	"two origins, an attribute of one changes": {
		old:  input{"c", []origin{{"api", 10, "K2"}, {"stream", 10, "K2"}}},
		news: input{"c", []origin{{"api", 7, "K2"}, {"stream", 10, "K2"}}},
		sent: []string{`api 7s ["K2"]`, `stream 10s ["K2"]`},
	},
	"two origins, the key of both changes": {
		old:  input{"c", []origin{{"api", 10, "K1"}, {"stream", 10, "K1"}}},
		news: input{"c", []origin{{"api", 10, "K3"}, {"stream", 10, "K3"}}},
		sent: []string{`api 10s ["K3"]`, `stream 10s ["K3"]`},
	},
	"an origin is added": {
		old:  input{"c", []origin{{"api", 10, "K2"}}},
		news: input{"c", []origin{{"stream", 10, "K2"}, {"api", 10, "K2"}}},
		sent: []string{`api 10s ["K2"]`, `stream 10s ["K2"]`},
	},
	"an origin is removed": {
		old:  input{"c", []origin{{"stream", 10, "K2"}, {"api", 10, "K2"}}},
		news: input{"c", []origin{{"api", 10, "K2"}}},
		sent: []string{`api 10s ["K2"]`},
	},
	"a refresh has put the origins in another order": {
		old:  input{"c", []origin{{"stream", 10, "K2"}, {"api", 10, "K3"}}},
		news: input{"c", []origin{{"api", 10, "K3"}, {"stream", 10, "K2"}}},
	},
	"in another order, and an attribute of one changes": {
		old:  input{"c", []origin{{"stream", 10, "K2"}, {"api", 10, "K2"}}},
		news: input{"c", []origin{{"api", 7, "K2"}, {"stream", 10, "K2"}}},
		sent: []string{`api 7s ["K2"]`, `stream 10s ["K2"]`},
	},

	// With more than one origin, what is ignored goes by position.
	"in another order and the first one's header is ignored: its key is lost": {
		old:    input{"c", []origin{{"stream", 10, "K2"}, {"api", 10, "K3"}}},
		news:   input{"c", []origin{{"api", 10, "K2"}, {"stream", 10, "K2"}}}, // the engine's: stream's key is api's now
		ignore: []string{"origins[0].customHeaders"}, sent: []string{`api 10s []`, `stream 10s ["K2"]`},
	},
	"an attribute of one changes and the header of the other is ignored": {
		old:    input{"c", []origin{{"api", 10, "K2"}, {"stream", 10, "K2"}}},
		news:   input{"c", []origin{{"api", 7, "K2"}, {"stream", 10, "K2"}}},
		ignore: []string{"origins[1].customHeaders"}, sent: []string{`api 7s ["K2"]`, `stream 10s ["K2"]`},
	},
	"an origin is added and its header is ignored: its key is lost": {
		old:    input{"c", []origin{{"api", 10, "K2"}}},
		news:   input{"c", []origin{{"api", 10, "K2"}, {"stream", 10, "K2"}}},
		ignore: []string{"origins[1].customHeaders"}, sent: []string{`api 10s ["K2"]`, `stream 10s []`},
		// A path that the state doesn't have ignores nothing: pulumi-terraform-bridge#3560.
		since3136: []string{`api 10s ["K2"]`, `stream 10s ["K2"]`},
	},
}

func TestIgnoredChangesInSets(t *testing.T) {
	for name, test := range ignoreCases {
		t.Run(name, func(t *testing.T) {
			onBothBridges(t, nil, func(t *testing.T, d *deployment) {
				state := d.create(t, test.old, 0)
				_, updated := d.update(t, state, test.old, test.news, test.ignore, 0)
				want := test.sent
				if d.classic && test.since3136 != nil {
					want = test.since3136
				}
				assert.Equal(t, want != nil, updated)
				if updated {
					assert.Equal(t, want, d.sent)
				}
			})
		})
	}
}

// TestUpdatesAfterALoss has the header, once it is lost, sent again by the next update without ignoreChanges.
func TestUpdatesAfterALoss(t *testing.T) {
	before, after := input{"c", []origin{{"api", 10, "K2"}}}, input{"c", []origin{{"api", 7, "K2"}}}
	onBothBridges(t, nil, func(t *testing.T, d *deployment) {
		state := d.create(t, before, 0)
		state, _ = d.update(t, state, before, after, []string{"origins[0].customHeaders"}, 0)
		assert.Equal(t, []string{`api 7s []`}, d.sent)
		_, updated := d.update(t, state, after, after, nil, 0)
		assert.True(t, updated)
		assert.Equal(t, []string{`api 7s ["K2"]`}, d.sent)
	})
}
