// Package table holds the mapping that the bridge cannot derive: the Terraform name of each token of the Pulumi SDK, and
// the property names and types of the SDK that differ from those the bridge would derive.
package table

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
)

// JSON is the committed table. It is written by internal/generate.
//
//go:embed table.json
var JSON []byte

// Table holds the whole mapping.
type Table struct {
	Config    Fields            `json:"config"`
	Resources map[string]*Entry `json:"resources"`
	Functions map[string]*Entry `json:"functions"`
}

// Entry maps one token.
type Entry struct {
	Terraform string `json:"terraform"`
	Fields    Fields `json:"fields,omitempty"`
}

// Fields holds the differing properties, by Terraform name.
type Fields map[string]*Field

// Field is one difference.
type Field struct {
	// Name in the SDK.
	Name string `json:"name,omitempty"`
	// Single reports whether a list of at most one element is a plain value in the SDK.
	Single *bool `json:"single,omitempty"`
	// Kind is the SDK's type, where Terraform's is another one.
	Kind Kind `json:"kind,omitempty"`
	// Auto is set where Terraform requires a name and the SDK does not: the plugin generates one.
	Auto bool `json:"auto,omitempty"`
	// Fields of an object, or of the objects in a list.
	Fields Fields `json:"fields,omitempty"`
}

// IsEmpty is true if there is no difference.
func (f *Field) IsEmpty() bool {
	return f.Name == "" && f.Single == nil && f.Kind == "" && !f.Auto && len(f.Fields) == 0
}

// Kind is the SDK's representation of a value for which Terraform has a string.
type Kind string

// The kinds that occur.
const (
	Archive Kind = "archive" // a path there
	Asset   Kind = "asset"   // a path there
	Any     Kind = "any"     // string, a resource (its id) or a document (its JSON)
	Bool    Kind = "bool"
	Number  Kind = "number"
)

// Load reads the committed table.
func Load() (*Table, error) {
	var t Table
	if err := json.Unmarshal(JSON, &t); err != nil {
		return nil, fmt.Errorf("read the mapping of tokens: %w", err)
	}
	return &t, nil
}

// Infos returns the fields as the bridge takes them.
func (f Fields) Infos() map[string]*info.Schema {
	infos := make(map[string]*info.Schema, len(f))
	for terraform, field := range f {
		nested := field.Fields.Infos()
		infos[terraform] = &info.Schema{
			Name:        field.Name,
			MaxItemsOne: field.Single,
			// The bridge looks for an object's fields here, and for those of a list's elements there.
			Fields: nested,
			Elem:   &info.Schema{Fields: nested},
		}
	}
	return infos
}
