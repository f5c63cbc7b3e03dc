package build

import (
	"fmt"
	"os"
)

// compilerSettings returns the environment of commands that compile, and of no other
// program.
func compilerSettings(memory uint64) []string {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" || memory < 4<<30 {
		return nil
	}
	return []string{"GOGC=400", fmt.Sprintf("GOMEMLIMIT=%dMiB", min(3<<30, memory/4)>>20)}
}
