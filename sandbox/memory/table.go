package memory

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// instance is one run of a process: the system gives its number to another one later.
type instance struct{ pid, started int }

// process is a process in the system's table.
type process struct {
	instance
	parent int
}

// processes returns the system's table of processes; none without Linux's /proc.
func processes() (all []process) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is valid
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		if p, ok := parseStat(string(stat)); ok {
			all = append(all, p)
		}
	}
	return all
}

// parseStat parses /proc/PID/stat. The second field, the program's name, may itself have
// spaces and parentheses.
func parseStat(stat string) (p process, ok bool) {
	const parent, started = 1, 19
	number, _, _ := strings.Cut(stat, " ")
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) <= started {
		return process{}, false
	}
	for _, field := range []struct {
		text string
		into *int
	}{{number, &p.pid}, {fields[parent], &p.parent}, {fields[started], &p.started}} {
		value, err := strconv.Atoi(field.text)
		if err != nil {
			return process{}, false
		}
		*field.into = value
	}
	return p, true
}

// Below returns the memory of a process and of those below it, in bytes. Without Linux's
// /proc it is not known, and 0.
func Below(pid int) int64 {
	w := watcher{root: pid, known: map[instance]bool{}}
	all := memoryOf(pid)
	for _, child := range w.below(processes()) {
		all += memoryOf(child)
	}
	return all
}

// memoryOf returns the memory of a process in bytes, with its share of shared pages; 0 if it
// has ended.
func memoryOf(pid int) int64 {
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	return parseRollup(rollup)
}

// parseRollup returns the proportional set size in /proc/PID/smaps_rollup, in bytes.
func parseRollup(rollup []byte) int64 {
	for lines := bufio.NewScanner(bytes.NewReader(rollup)); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) == 3 && fields[0] == "Pss:" {
			kibibytes, err := strconv.ParseInt(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return kibibytes << 10
		}
	}
	return 0
}
