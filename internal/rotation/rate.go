package rotation

import (
	"fmt"
	"time"
)

// rate writes whole minutes as EventBridge Scheduler wants them: the unit is
// singular for one.
func rate(every time.Duration) string {
	if every == time.Minute {
		return "rate(1 minute)"
	}
	return fmt.Sprintf("rate(%d minutes)", int(every.Minutes()))
}
