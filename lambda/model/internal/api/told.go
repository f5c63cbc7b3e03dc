package api

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"
)

// The headers that tell a client what of its request had no effect.
const (
	droppedHeader = "x-gatehouse-dropped" // members that were left out: frequency_penalty, top_p
	clampedHeader = "x-gatehouse-clamped" // numbers that were moved to a limit: max_tokens=1024
)

// memberName matches the names of members that are dropped. Others are refused: a header
// can't have them.
var memberName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// unknown handles the members of an object that the API doesn't know: they are dropped
// and told, or refused if the settings say so. The prefix tells which object they are of.
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

// told is what of a request had no effect.
type told struct {
	dropped []string
	clamped []chat.Clamp
}

func tell(r *reader, a chat.Adaptation) told {
	t := told{dropped: append(r.dropped, a.Dropped...), clamped: r.clamped}
	slices.Sort(t.dropped)
	t.dropped = slices.Compact(t.dropped)
	for _, clamp := range a.Clamped {
		if clamp.Member == olderMaxTokens && r.tokenLimit != "" {
			clamp.Member = r.tokenLimit
		}
		isSame := func(c chat.Clamp) bool { return c.Member == clamp.Member }
		t.clamped = append(slices.DeleteFunc(t.clamped, isSame), clamp) // the model's limit is the lower one
	}
	return t
}

// headers returns the response's headers.
func (t told) headers() map[string]string {
	headers := map[string]string{}
	if len(t.dropped) > 0 {
		headers[droppedHeader] = strings.Join(t.dropped, ", ")
	}
	if len(t.clamped) > 0 {
		headers[clampedHeader] = t.limits()
	}
	return headers
}

func (t told) limits() string {
	limits := make([]string, len(t.clamped))
	for i, c := range t.clamped {
		limits[i] = c.Member + "=" + c.Limit
	}
	return strings.Join(limits, ", ")
}

// faults returns the same as faults of the request, for a client that wants all or
// nothing.
func (t told) faults() []strictjson.Fault {
	var all []strictjson.Fault
	for _, name := range t.dropped {
		top, _, _ := strings.Cut(name, ".")
		all = append(all, strictjson.Fault{Pointer: "/" + top, Detail: "the model does not support " + name})
	}
	for _, c := range t.clamped {
		all = append(all, strictjson.Fault{Pointer: "/" + c.Member, Detail: "want a number within the limit of the model, " + c.Limit})
	}
	return all
}

func jsonOf(number int) string { return strconv.Itoa(number) }
