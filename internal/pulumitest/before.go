package pulumitest

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
)

// Before returns the names of all resources that are there before registration g
// is made: those that it depends on, those that these depend on, and so on.
func (r *Recorder) Before(g Registration) []string {
	var names []string
	seen := map[urn.URN]bool{}
	var visit func(Registration)
	visit = func(g Registration) {
		for _, dependency := range g.Request.GetDependencies() {
			u := urn.URN(dependency)
			if seen[u] {
				continue
			}
			seen[u] = true
			names = append(names, u.Name())
			for _, other := range r.OfType(string(u.Type())) {
				if other.Name == u.Name() {
					visit(other)
				}
			}
		}
	}
	visit(g)
	return names
}
