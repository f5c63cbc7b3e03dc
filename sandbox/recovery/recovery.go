// Package recovery explains what a killed deployment left: which of the operations
// that its state says were under way have happened in the cloud.
package recovery

import (
	"fmt"
	"slices"
	"strings"
)

// State is what `pulumi stack export` prints, as far as it matters here.
type State struct {
	Deployment struct {
		Resources []Resource  `json:"resources"`
		Pending   []Operation `json:"pending_operations"`
	} `json:"deployment"`
}

// Resource is one that the state has, or wanted to have.
type Resource struct {
	URN    string `json:"urn"`
	Type   string `json:"type"`
	ID     string `json:"id"`
	Inputs any    `json:"inputs"`
}

// Operation was under way when the deployment was killed.
type Operation struct {
	Kind     string   `json:"type"` // "creating", "updating", …
	Resource Resource `json:"resource"`
}

// Inventory is what the cloud holds, or another server: the answer of
// /_gatehouse/resources.
type Inventory struct {
	Types      []string `json:"types"`      // of which it has all resources
	Repeatable []string `json:"repeatable"` // types that are made anew without harm
	Unclear    []string `json:"unclear"`    // types that are neither: nobody can tell whether one was made
	Resources  []Found  `json:"resources"`
}

// Merge makes one inventory of those of several servers.
func Merge(inventories ...Inventory) (all Inventory) {
	for _, i := range inventories {
		all.Types = append(all.Types, i.Types...)
		all.Repeatable = append(all.Repeatable, i.Repeatable...)
		all.Unclear = append(all.Unclear, i.Unclear...)
		all.Resources = append(all.Resources, i.Resources...)
	}
	return all
}

// Has reports whether the cloud holds this very resource.
func (i Inventory) Has(f Found) bool {
	return slices.ContainsFunc(i.Resources, func(other Found) bool { return other.Type == f.Type && other.ID == f.ID })
}

// Found is a resource in the cloud.
type Found struct {
	Type   string   `json:"type"`
	ID     string   `json:"id"`     // as a state has it
	Import string   `json:"import"` // as the provider imports it
	Hints  []string `json:"hints"`  // texts in the inputs from which it was made
}

// Imports are the resources that the killed deployment made, and that its state has
// to learn of: from URNs to the ids to import by.
type Imports map[string]string

// Orphans are the resources in the cloud that the state does not have.
func Orphans(state State, cloud Inventory) []Found {
	known := map[[2]string]bool{}
	for _, r := range state.Deployment.Resources {
		known[[2]string{r.Type, r.ID}] = true
	}
	return slices.DeleteFunc(slices.Clone(cloud.Resources), func(f Found) bool { return known[[2]string{f.Type, f.ID}] })
}

// Missing are the resources of the state that the cloud does not have, as far as it
// can tell.
func Missing(state State, cloud Inventory) []Resource {
	there := map[[2]string]bool{}
	for _, f := range cloud.Resources {
		there[[2]string{f.Type, f.ID}] = true
	}
	return slices.DeleteFunc(slices.Clone(state.Deployment.Resources), func(r Resource) bool {
		return !slices.Contains(cloud.Types, r.Type) || there[[2]string{r.Type, r.ID}]
	})
}

// Unknown are the types of the state of which the inventory says nothing: what
// happens to them in a kill has yet to be decided.
func Unknown(state State, cloud Inventory) []string {
	known := slices.Concat(cloud.Types, cloud.Repeatable, cloud.Unclear)
	var unknown []string
	for _, r := range state.Deployment.Resources {
		isResource := r.ID != "" && !strings.HasPrefix(r.Type, "pulumi:")
		if isResource && !slices.Contains(known, r.Type) && !slices.Contains(unknown, r.Type) {
			unknown = append(unknown, r.Type)
		}
	}
	return unknown
}

// Explain finds, for each resource in the cloud that the state does not have, the
// operation that made it. It fails when that is not certain. Operations that made
// nothing, and those other than creations, need no help: a refresh sees to them.
func Explain(state State, cloud Inventory) (Imports, error) {
	creating, err := creations(state, cloud)
	if err != nil {
		return nil, err
	}
	imports := Imports{}
	for _, orphan := range Orphans(state, cloud) {
		var makers []Resource
		for _, r := range creating {
			if r.Type == orphan.Type && orphan.fits(r) {
				makers = append(makers, r)
			}
		}
		if len(makers) != 1 {
			return nil, fmt.Errorf("%d operations that were under way can have made %s %s", len(makers), orphan.Type, orphan.ID)
		}
		urn := makers[0].URN
		if other, taken := imports[urn]; taken {
			return nil, fmt.Errorf("%s can have made %s as well as %s", urn, other, orphan.Import)
		}
		imports[urn] = orphan.Import
	}
	return imports, nil
}

// creations are the resources that were being made. It fails for those of a type of
// which the inventory tells nothing, and for replacements.
func creations(state State, cloud Inventory) ([]Resource, error) {
	old := map[string]bool{}
	for _, r := range state.Deployment.Resources {
		old[r.URN] = true
	}
	var creating []Resource
	for _, operation := range state.Deployment.Pending {
		r := operation.Resource
		switch {
		case operation.Kind != "creating" || slices.Contains(cloud.Repeatable, r.Type):
		case !slices.Contains(cloud.Types, r.Type):
			return nil, fmt.Errorf("whether %s was made can't be told", r.URN)
		case old[r.URN]:
			return nil, fmt.Errorf("%s was being replaced", r.URN)
		default:
			creating = append(creating, r)
		}
	}
	return creating, nil
}

// fits reports whether the resource can have been made from the inputs: all hints
// are among them.
func (f Found) fits(r Resource) bool {
	texts := texts(r.Inputs)
	return !slices.ContainsFunc(f.Hints, func(hint string) bool { return !slices.Contains(texts, hint) })
}

func texts(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		var all []string
		for _, element := range value {
			all = append(all, texts(element)...)
		}
		return all
	case map[string]any:
		var all []string
		for _, field := range value {
			all = append(all, texts(field)...)
		}
		return all
	default:
		return nil
	}
}

// String names the resources.
func (i Imports) String() string {
	var names []string
	for urn := range i {
		names = append(names, urn[strings.LastIndex(urn, "::")+2:])
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
