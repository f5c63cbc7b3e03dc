package build

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// availableMemory returns how many bytes of memory new programs can use; 0 if that is
// unknown.
func availableMemory() uint64 {
	if runtime.GOOS == "darwin" {
		// What macOS calls free is little, because it keeps caches and compresses.
		// Half of all is there in practice.
		out, err := exec.Command("sysctl", "-n", "hw.memsize").Output()
		if err != nil {
			return 0
		}
		all, _ := strconv.ParseUint(strings.TrimSpace(string(out)), 10, 64)
		return all / 2
	}
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	// A container's limit, which /proc doesn't show. It is "max" without one.
	limit, _ := os.ReadFile("/sys/fs/cgroup/memory.max")
	return parseMemory(string(info), string(limit))
}

// parseMemory returns the available memory, from /proc/meminfo and a control group's limit.
func parseMemory(info, limit string) uint64 {
	var available uint64
	for line := range strings.Lines(info) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "MemAvailable:" && fields[2] == "kB" {
			kib, _ := strconv.ParseUint(fields[1], 10, 64)
			available = kib << 10
		}
	}
	if most, err := strconv.ParseUint(strings.TrimSpace(limit), 10, 64); err == nil {
		available = min(available, most)
	}
	return available
}
