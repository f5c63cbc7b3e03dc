package modules

// A module's folder that is not compared, and why.
var apart = map[string]string{
	"sandbox/servers/vault": "Vault decides on its versions, and it is compiled on request only",
	"standins/upstream":     "the official provider decides on its versions, and only the Nightly workflow compiles it",
}

// A dependency whose versions may differ, and why.
var differing = map[string]string{
	"github.com/olekukonko/tablewriter": "the engine's glamour 0.6 compiles with 0.0.5 only, the bridge's tfgen with 1.1 only",
	"go.yaml.in/yaml/v4":                "actionlint 1.7.12 compiles with rc.3 only, libopenapi with later ones",
}
