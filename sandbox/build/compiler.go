package build

import (
	"fmt"
	"os"
)

// compilerMemory is the limit of one compiler's memory where there is enough, and
// leastMemory what must be available so that compilers may take more than usual.
const (
	compilerMemory = 5 << 30
	leastMemory    = 4 << 30
)

// compilerSettings returns the environment of commands that compile, and of no other
// program: their garbage collectors run seldom, within the memory that is available. Neither
// is part of the key of the build cache. The user's own settings are kept.
//
// Measured for a package of the AWS SDK (networkfirewall, without debug information; memory
// relative to that with GOGC=100, 440 MB):
//
//	GOGC=100                           5.6 s of a processor
//	GOGC=400                           4.6 s, 1.4 times the memory
//	GOGC=400, limit 0.83               5.7 s
//	GOGC=400, limit 0.62              10.0 s
//	GOGC=400, limit 0.50              12.6 s
//	no collection until 0.62          10.4 s
//
// A limit below what GOGC=100 takes costs more than it saves. The largest package that is
// compiled, wafv2 of the same SDK, takes 4.8 GB with GOGC=100 and 6.7 GB with GOGC=400, so
// that it gets 5 GiB at most. Where less is available the limit is lower: slow is better than
// killed.
func compilerSettings(memory uint64) []string {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" || memory < leastMemory {
		return nil
	}
	return []string{"GOGC=400", fmt.Sprintf("GOMEMLIMIT=%dMiB", min(compilerMemory, memory/2)>>20)}
}
