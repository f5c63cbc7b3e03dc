package dashboardsvg

import (
	"fmt"
	"math"
	"slices"
)

// list has the entries of a legend, in columns of the same width, row by row.
type list struct {
	entries []string
	columns int
	width   float64 // of a column
}

// arrange lays labels out in a width and in some rows. extra is the width that an entry takes
// besides its label. Labels that are too long are cut, and too many are counted in the last entry.
func arrange(labels []string, width, extra float64, rows int) list {
	l := columnsOf(labels, width, extra)
	if most := l.columns * max(1, rows); len(labels) > most {
		last := fmt.Sprintf("and %d more", len(labels))
		l = columnsOf(append(slices.Clone(labels), last), width, extra)
		most = l.columns * max(1, rows)
		labels = append(slices.Clone(labels[:most-1]), fmt.Sprintf("and %d more", len(labels)-most+1))
	}
	for _, label := range labels {
		l.entries = append(l.entries, regular.fit(label, noteSize, l.width-extra))
	}
	return l
}

// columnsOf returns a list without entries, whose columns have room for the longest label.
func columnsOf(labels []string, width, extra float64) list {
	widest := 0.0
	for _, label := range labels {
		widest = max(widest, regular.width(label, noteSize)+extra)
	}
	return list{columns: max(1, int(width/max(1, widest))), width: min(widest, width)}
}

// at returns the place of an entry: its distance from the left, and its row.
func (l list) at(i int) (x, row float64) {
	return float64(i%l.columns) * l.width, float64(i / l.columns)
}

func (l list) rows() int {
	return int(math.Ceil(float64(len(l.entries)) / float64(l.columns)))
}
