package pulumicli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Progress reads the CLI's output line by line.
type Progress struct {
	done    int
	pending []string // "creating Distribution edge", the latest last
	changes []string
}

var (
	// " +  aws:ssm/parameter:Parameter key creating (3s)"
	resourceLine = regexp.MustCompile(`^ *(?:[-+~]+|<|>|=)? +([\w-]+:[\w:/-]+) +(\S+) +(\w+ing|\w+ed)\b`)
	// "    + 26 created" below "Resources:"
	summaryLine = regexp.MustCompile(`^ +(?:[-+~]+ *)?(\d+ (?:created|updated|deleted|replaced|unchanged|refreshed|errored|to create|to update|to delete|to replace))$`)
)

// Read reads a line and returns what is under way; "" if the line has nothing about it.
func (p *Progress) Read(line string) string {
	if match := summaryLine.FindStringSubmatch(line); match != nil {
		p.changes = append(p.changes, match[1])
		return ""
	}
	if strings.HasSuffix(line, "Compiling the program ...") {
		return "compiling the program"
	}
	match := resourceLine.FindStringSubmatch(line)
	if match == nil {
		return ""
	}
	token, name, verb := match[1], match[2], match[3]
	resource := token[strings.LastIndexByte(token, ':')+1:] + " " + name
	p.pending = slices.DeleteFunc(p.pending, func(other string) bool { return strings.HasSuffix(other, "ing "+resource) })
	if strings.HasSuffix(verb, "ed") {
		p.done++
	} else {
		p.pending = append(p.pending, verb+" "+resource)
	}
	if len(p.pending) == 0 {
		return fmt.Sprintf("%d done", p.done)
	}
	return fmt.Sprintf("%d done, %s", p.done, p.pending[len(p.pending)-1])
}

// NoChange is the summary of a command that changed nothing.
const NoChange = "no change"

// Changes returns the command's summary: "26 created", "no change".
func (p *Progress) Changes() string {
	var changes []string
	for _, change := range p.changes {
		if !strings.HasSuffix(change, " unchanged") {
			changes = append(changes, change)
		}
	}
	if len(changes) == 0 {
		return NoChange
	}
	return strings.Join(changes, ", ")
}
