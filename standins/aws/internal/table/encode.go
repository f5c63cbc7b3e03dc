package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Encode writes the table with one entry on each line, so that a change of it can be read.
func (t *Table) Encode() []byte {
	var b bytes.Buffer
	b.WriteString("{\n\"config\": ")
	writeJSON(&b, t.Config)
	writeEntries(&b, "resources", t.Resources)
	writeEntries(&b, "functions", t.Functions)
	b.WriteString("\n}\n")
	return b.Bytes()
}

func writeEntries(b *bytes.Buffer, section string, entries map[string]*Entry) {
	fmt.Fprintf(b, ",\n\n%q: {", section)
	for i, token := range slices.Sorted(maps.Keys(entries)) {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "\n%q: ", token)
		writeJSON(b, entries[token])
	}
	b.WriteString("\n}")
}

func writeJSON(b *bytes.Buffer, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // the table consists of maps, strings and booleans
	}
	b.Write(text)
}
