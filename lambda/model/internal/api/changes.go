package api

import (
	"regexp"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// The headers that report which members of a request had no effect.
const (
	droppedHeader = "x-gatehouse-dropped" // members that were left out: frequency_penalty, top_p
	clampedHeader = "x-gatehouse-clamped" // values that were moved to a limit: max_tokens=1024, reasoning_effort="high"
)

// memberName matches the names of members that are dropped. Others are refused: a header
// can't have them.
var memberName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// unknown handles the members of an object that the API doesn't know: they are dropped
// and reported, or refused if the settings say so. The prefix tells which object they are of.
func (r *reader) unknown(at pointer, value strictjson.Value, prefix string, known func(string) bool, want string) {
	for _, member := range value.Members() {
		if known(member.Name) || member.Value.Kind == strictjson.Null && !r.limits.RefuseUnsupported {
			continue
		}
		name := prefix + member.Name
		switch {
		case r.limits.RefuseUnsupported || !memberName.MatchString(member.Name):
			r.refuse(at.member(member.Name), "unknown: want %s", want)
		case slices.Contains(r.dropped, name):
		case len(r.dropped) == maxFaults:
			r.refuse(at.member(member.Name), "unknown, as %d others: want %s", maxFaults, want)
		default:
			r.dropped = append(r.dropped, name)
		}
	}
}

// changes are the members of a request that had no effect, or another one than they say.
type changes struct {
	dropped []string
	clamped []chat.Clamp
}

// changesOf returns the changes that were made while a request was read, and those of its
// adaptation to the model. A limit is a change only for a client that set a number.
func changesOf(r *reader, a chat.Adaptation) changes {
	c := changes{dropped: append(r.dropped, a.Dropped...), clamped: r.clamped}
	slices.Sort(c.dropped)
	c.dropped = slices.Compact(c.dropped)
	for _, clamp := range a.Clamped {
		if clamp.Member == olderMaxTokens {
			if clamp.Member = r.tokenLimit; clamp.Member == "" {
				continue
			}
		}
		isSame := func(c chat.Clamp) bool { return c.Member == clamp.Member }
		c.clamped = append(slices.DeleteFunc(c.clamped, isSame), clamp) // the model's limit is the lower one
	}
	return c
}

// headers returns the response's headers.
func (c changes) headers() map[string]string {
	headers := map[string]string{}
	if len(c.dropped) > 0 {
		headers[droppedHeader] = strings.Join(c.dropped, ", ")
	}
	if len(c.clamped) > 0 {
		headers[clampedHeader] = c.limits()
	}
	return headers
}

func (c changes) limits() string {
	limits := make([]string, len(c.clamped))
	for i, clamp := range c.clamped {
		limits[i] = clamp.Member + "=" + clamp.Limit
	}
	return strings.Join(limits, ", ")
}

// faults returns the same as faults of the request, for a client that wants all or
// nothing.
func (c changes) faults() []strictjson.Fault {
	var all []strictjson.Fault
	for _, name := range c.dropped {
		top, _, _ := strings.Cut(name, ".")
		all = append(all, strictjson.Fault{Pointer: "/" + top, Detail: "the model does not support " + name})
	}
	for _, clamp := range c.clamped {
		all = append(all, strictjson.Fault{Pointer: "/" + clamp.Member, Detail: "want a value within the limit, " + clamp.Limit})
	}
	return all
}
