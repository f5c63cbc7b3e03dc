package survey

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// parallel is the share of the processors that compilers keep busy: at the end of each
// build, the linker and some large packages have one processor only.
const parallel = 0.85

// Compiling estimates how long the parts take to compile on so many processors.
func Compiling(parts []Part, processors int) time.Duration {
	var work time.Duration
	for _, part := range parts {
		work += part.Work
	}
	if processors == 1 {
		return work
	}
	return time.Duration(float64(work) / (parallel * float64(processors)))
}

// Fetching estimates how long the parts take to fetch over one connection.
func Fetching(parts []Part) (wait time.Duration) {
	for _, part := range parts {
		wait += part.Wait
	}
	return wait
}

// Text returns the lines that say where the parts come from. Tools are those that were
// found, such as "go 1.26.8".
func Text(parts []Part, tools []string, processors int) string {
	found := slices.Concat(tools, describe(parts, Installed), describe(parts, Fresh))
	fetched := slices.Concat(describe(parts, Downloaded), describe(parts, Package))
	compiled := describe(parts, Compiled)
	lines := []string{"found: " + list(found)}
	if len(fetched) > 0 {
		lines = append(lines, "will be fetched: "+list(fetched)+"; "+about(Fetching(parts)))
	}
	if len(compiled) > 0 {
		lines = append(lines, "will be compiled: "+list(compiled)+"; "+about(Compiling(parts, processors))+on(processors))
	}
	for _, reason := range reasons(parts) {
		lines = append(lines, "can't be downloaded: "+reason)
	}
	if len(fetched)+len(compiled) == 0 {
		lines = append(lines, "nothing is missing")
	}
	return strings.Join(lines, "\n")
}

func describe(parts []Part, source Source) (all []string) {
	for _, part := range parts {
		switch {
		case part.Source != source:
		case part.Detail == "":
			all = append(all, part.Name)
		default:
			all = append(all, part.Name+" ("+part.Detail+")")
		}
	}
	return all
}

// reasons returns the parts that can't be downloaded, those with the same reason in one
// string with it.
func reasons(parts []Part) (all []string) {
	names := map[string][]string{}
	var order []string
	for _, part := range parts {
		if part.Unavailable == "" {
			continue
		}
		if names[part.Unavailable] == nil {
			order = append(order, part.Unavailable)
		}
		names[part.Unavailable] = append(names[part.Unavailable], part.Name)
	}
	for _, reason := range order {
		all = append(all, list(names[reason])+" ("+reason+")")
	}
	return all
}

func list(all []string) string {
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

// about returns an estimate as exactly as it is known.
func about(d time.Duration) string {
	if d < 90*time.Second {
		seconds := max(10, int(math.Ceil(d.Seconds()/10))*10)
		return fmt.Sprintf("about %d seconds", seconds)
	}
	return fmt.Sprintf("about %d minutes", int(math.Round(d.Minutes())))
}

func on(processors int) string {
	if processors == 1 {
		return " on 1 processor"
	}
	return fmt.Sprintf(" on %d processors", processors)
}
