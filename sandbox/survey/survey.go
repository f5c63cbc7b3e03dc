// Package survey says at the start of the sandbox where its parts come from: what the
// machine has, what is fetched, what is compiled, and about how long that takes.
package survey

import "time"

// Source names where a part comes from.
type Source string

// The sources, in the order in which they are preferred.
const (
	Installed  Source = "installed"  // the machine has it
	Fresh      Source = "fresh"      // .local has it, from an earlier run
	Downloaded Source = "downloaded" // its publisher offers it
	Package    Source = "package"    // a language's registry has it
	Compiled   Source = "compiled"
)

// Need is a part that the sandbox needs, with what was found out about it. A string names
// which one it is, such as a version and where it is; an empty one means that there is none.
type Need struct {
	Name string // a name in the table of estimates

	Installed string
	Fresh     string
	Download  string
	Package   string

	// Unavailable says why there is no download, if one was looked for.
	Unavailable string
}

// Part is a part of the sandbox with its source.
type Part struct {
	Name   string
	Source Source
	Detail string // which one it is, such as a version and where it is

	// Work estimates the CPU time to compile it with an empty build cache, and Wait the
	// time to fetch it. The reference for both is in the table of estimates.
	Work, Wait time.Duration

	// Unavailable says why it isn't downloaded, if a download was looked for.
	Unavailable string
}

// Of chooses the source of each part.
func Of(needs []Need) []Part {
	parts := make([]Part, 0, len(needs))
	for _, need := range needs {
		parts = append(parts, need.part())
	}
	return parts
}

func (n Need) part() Part {
	estimate := estimates[n.Name]
	switch {
	case n.Installed != "":
		return Part{Name: n.Name, Source: Installed, Detail: n.Installed}
	case n.Fresh != "":
		return Part{Name: n.Name, Source: Fresh, Detail: n.Fresh}
	case n.Download != "":
		return Part{Name: n.Name, Source: Downloaded, Detail: n.Download, Wait: estimate.fetch}
	case n.Package != "":
		return Part{Name: n.Name, Source: Package, Detail: n.Package, Wait: estimate.fetch}
	default:
		return Part{Name: n.Name, Source: Compiled, Work: estimate.compile, Unavailable: n.Unavailable}
	}
}
