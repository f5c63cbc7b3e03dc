package progress

import (
	"fmt"
	"math"
	"strings"
	"time"
)

func pad(note, time string) string {
	const width = 48
	return note + strings.Repeat(" ", max(1, width-len([]rune(note))-len(time))) + time
}

// short returns a duration in a short form: 0.1s, 42s, 3m05s.
func short(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return clock(d.Round(time.Second))
}

// clock returns a duration in whole seconds: 4s, 3m05s.
func clock(d time.Duration) string {
	seconds := int(d.Seconds())
	if seconds < 60 {
		return fmt.Sprintf("%ds", seconds)
	}
	return fmt.Sprintf("%dm%02ds", seconds/60, seconds%60)
}

// rough returns estimated seconds, rounded up so that they change seldom: 40s, 2m30s, 12m.
func rough(seconds float64) string {
	step := 10.0
	switch {
	case seconds > 600:
		step = 60
	case seconds > 60:
		step = 30
	}
	rounded := int(max(1, math.Ceil(seconds/step)) * step)
	switch {
	case rounded < 60:
		return fmt.Sprintf("%ds", rounded)
	case rounded%60 == 0:
		return fmt.Sprintf("%dm", rounded/60)
	}
	return fmt.Sprintf("%dm%02ds", rounded/60, rounded%60)
}
