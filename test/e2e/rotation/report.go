package rotation

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// comparison is the table of what was measured, ours beside the baseline's.
func comparison(ours, theirs loaded, old oldValues, withBaseline bool) string {
	rows := [][]string{
		{"connections, edges", reached(ours), reached(theirs)},
		{"requests", fmt.Sprint(ours.requests), fmt.Sprint(theirs.requests)},
		{"failed requests", fmt.Sprint(len(ours.failures)), fmt.Sprint(len(theirs.failures))},
		{"  for each rotation", perRotation(ours), perRotation(theirs)},
		{"seconds in which an edge could send a refused key", seconds(ours.mismatch), seconds(theirs.mismatch)},
		{"rotations", fmt.Sprint(ours.rotations), fmt.Sprint(theirs.rotations)},
		{"rotators killed", fmt.Sprint(ours.kills), fmt.Sprint(theirs.kills)},
		{"faults", fmt.Sprint(fired(ours.faults)), fmt.Sprint(fired(theirs.faults))},
		{"invocations", fmt.Sprint(ours.asked), fmt.Sprint(theirs.asked)},
		{"  failed or killed", fmt.Sprint(ours.failed), fmt.Sprint(theirs.failed)},
		{"  turned away by the reserved concurrency", fmt.Sprint(ours.turnedAway), fmt.Sprint(theirs.turnedAway)},
		{"  sent twice at once", fmt.Sprint(ours.together), fmt.Sprint(theirs.together)},
		{"latency p50, p99", latency(ours), latency(theirs)},
		{"most keys at once", fmt.Sprint(ours.largest), fmt.Sprint(theirs.largest)},
		{"new key → old keys deleted, p50, most", lasting(ours), lasting(theirs)},
		{"deleted keys presented, refused", fmt.Sprintf("%d, %d", old.tried, old.refused), "–"},
		{"minutes", fmt.Sprintf("%.1f", ours.took.Minutes()), fmt.Sprintf("%.1f", theirs.took.Minutes())},
	}
	head := []string{"", "Gatehouse", "baseline"}
	if !withBaseline {
		head = head[:2]
		for i := range rows {
			rows[i] = rows[i][:2]
		}
	}
	text := table(1, head, rows)
	if faults := firedBy(ours.faults); faults != "" {
		text += "\n  faults: " + faults
	}
	if f := theirs.failures; len(f) > 0 {
		text += "\n  the baseline's failures: " + byStatus(f)
	}
	return text
}

func reached(m loaded) string { return fmt.Sprintf("%d, %d", m.connections, m.edges) }

func perRotation(m loaded) string {
	if m.rotations == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", float64(len(m.failures))/float64(m.rotations))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }

func latency(m loaded) string {
	return fmt.Sprintf("%d, %d ms", m.p50.Milliseconds(), m.p99.Milliseconds())
}

func lasting(m loaded) string {
	if len(m.lasted) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f, %.0f s", percentile(m.lasted, 50).Seconds(), slices.Max(m.lasted).Seconds())
}

// mustFail fails if the baseline did not: a harness that sees no failure there
// would see none of ours.
func (m loaded) mustFail() error {
	if m.requests > 0 && len(m.failures) > 0 && m.mismatch > 0 {
		return nil
	}
	return errors.New("the baseline failed no request, though it has to: this test would not see it if ours did")
}

func permissionTable(rows []permission) string {
	var cells [][]string
	for _, row := range rows {
		mark := "✓"
		if !row.ok {
			mark = "✗"
		}
		cells = append(cells, []string{mark + " " + row.action, row.step, row.outcome})
	}
	return table(3, []string{"  without", "the step", "what happens"}, cells)
}
