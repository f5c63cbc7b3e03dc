package progress

import (
	"math"
	"slices"
	"testing"
)

func part(name string, work, wait float64, after ...string) rest {
	return rest{Part: Part{Name: name, Work: work, Wait: wait, After: after}}
}

func (r rest) reaching(what string) rest {
	r.Milestone = what
	return r
}

func TestEstimate(t *testing.T) {
	running := func(r rest) rest {
		r.Started = true
		return r
	}
	for _, test := range []struct {
		name       string
		parts      []rest
		processors int
		milestones []reached
		end        float64
	}{
		{name: "no parts", processors: 2},
		{name: "a part without work", parts: []rest{part("a", 0, 0).reaching("a")}, processors: 2, milestones: []reached{{"a", 0}}},
		{name: "a compile takes all processors", parts: []rest{part("a", 10, 0)}, processors: 2, end: 5},
		{name: "one processor", parts: []rest{part("a", 10, 0), part("b", 4, 0)}, processors: 1, end: 14},
		{name: "no processor counts as one", parts: []rest{part("a", 10, 0)}, end: 10},
		{
			name: "compiles one after another", parts: []rest{part("a", 10, 0).reaching("a"), part("b", 4, 0).reaching("b")}, processors: 2,
			milestones: []reached{{"a", 5}, {"b", 7}}, end: 7,
		},
		{name: "work comes before waiting", parts: []rest{part("a", 10, 3)}, processors: 2, end: 8},
		{
			name: "a chain", parts: []rest{part("c", 0, 90, "b").reaching("an answer"), part("b", 20, 0, "a"), part("a", 10, 1)}, processors: 2,
			milestones: []reached{{"an answer", 106}}, end: 106,
		},
		{
			name:  "compiling overlaps with waiting",
			parts: []rest{part("a", 10, 0), part("deploy", 0, 60, "a").reaching("an answer"), part("b", 100, 0), part("more", 0, 20, "b", "deploy")}, processors: 2,
			milestones: []reached{{"an answer", 65}}, end: 85,
		},
		{
			name:  "the deployment ends first",
			parts: []rest{part("a", 10, 0), part("deploy", 0, 20, "a").reaching("an answer"), part("b", 100, 0), part("more", 0, 20, "b", "deploy")}, processors: 2,
			milestones: []reached{{"an answer", 25}}, end: 75,
		},
		{name: "after what has ended", parts: []rest{part("a", 10, 0, "gone")}, processors: 2, end: 5},
		{name: "what runs doesn't wait any more", parts: []rest{running(part("a", 0, 5, "b")), part("b", 20, 0)}, processors: 2, end: 10},
		{name: "a circle ends", parts: []rest{part("a", 4, 0, "b"), part("b", 6, 0, "a")}, processors: 2, end: 5},
	} {
		milestones, end := estimate(test.parts, test.processors)
		for i := range milestones {
			milestones[i].Seconds = math.Round(milestones[i].Seconds*1e3) / 1e3
		}
		if !slices.Equal(milestones, test.milestones) || math.Abs(end-test.end) > 1e-3 {
			t.Errorf("%s: got %v and %v, want %v and %v", test.name, milestones, end, test.milestones, test.end)
		}
	}
}

func TestRest(t *testing.T) {
	compile := Part{Name: "a", Work: 100, Wait: 10}
	for _, test := range []struct {
		name       string
		got        rest
		work, wait float64
	}{
		{"just begun", restByTime(compile, 0, 2), 100, 10},
		{"by time, it works", restByTime(compile, 20, 2), 60, 10},
		{"by time, it waits", restByTime(compile, 54, 2), 0, 6},
		{"by time, over its time", restByTime(compile, 500, 2), 0, 5.5},
		{"a short one over its time", restByTime(Part{Wait: 1}, 30, 2), 0, 2},
		{"nothing announced", restByTime(Part{}, 30, 2), 0, 2},
		{"half done", restByFraction(compile, 0.5, 0), 50, 10},
		{"done, it waits", restByFraction(compile, 1, 4), 0, 6},
		{"done, it waits too long", restByFraction(compile, 1, 40), 0, 5.5},
	} {
		if math.Abs(test.got.Work-test.work) > 1e-9 || math.Abs(test.got.Wait-test.wait) > 1e-9 || !test.got.Started {
			t.Errorf("%s: got %+v, want work %v, wait %v", test.name, test.got, test.work, test.wait)
		}
	}
}
