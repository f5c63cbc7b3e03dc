package main

import (
	"fmt"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

const introduction = `<!-- Made by "make docs" from the program and Pulumi.yaml; don't edit it. -->

# Settings

A stack's settings are in its ` + "`Pulumi.<stack>.yaml`" + `; ` + "`pulumi config set KEY VALUE`" + ` writes them there. One that
has no default is empty until you give it. Times are written as ` + "`90s`, `5m` or `6h`" + `. A wrong or misspelt setting stops
` + "`up` and `preview`" + ` before anything is touched, all of them in one message.

Written into the file by hand, a value that YAML takes for a number counts as YAML reads it: ` + "`0512`" + ` is octal, and 330. Such
values are refused; with quotes they are what is written.
`

// render writes the reference of the settings, in the order and with the descriptions
// of Pulumi.yaml.
func render(project []byte, options []config.Option) (string, error) {
	all, err := topics(project, options)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(introduction)
	for _, t := range all {
		fmt.Fprintf(&out, "\n## %s\n", t.title)
		for _, e := range t.entries {
			fmt.Fprintf(&out, "\n### `%s`\n\n%s\n\n%s\n", e.name, e.description, strings.Join(facts(e), "\n"))
		}
	}
	return out.String(), nil
}

func facts(e entry) []string {
	given := "none"
	if e.Default != "" {
		given = "`" + e.Default + "`"
	}
	all := []string{"- Type: " + e.Type, "- Default: " + given}
	if e.Allowed != "" {
		all = append(all, "- Allowed: "+e.Allowed)
	}
	return all
}
