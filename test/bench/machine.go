package bench

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// Machine describes what the figures depend on, without the machine's name.
type Machine struct {
	Processor string  `json:"processor"` // its model, as the system reports it
	Cores     int     `json:"cores"`
	MemoryGiB float64 `json:"memoryGiB"`
	System    string  `json:"system"` // GOOS/GOARCH
	Go        string  `json:"go"`
	Python    string  `json:"python"`
	Node      string  `json:"node"`

	// Load is the mean number of processes that ran or waited in the last minute.
	Load float64 `json:"load"`
}

// ThisMachine describes the machine, with the versions of Python and Node that were
// found. Only Linux has processor, memory and load in /proc.
func ThisMachine(python, node string) (Machine, error) {
	m := Machine{
		Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Go: strings.TrimPrefix(runtime.Version(), "go"), Python: strings.TrimPrefix(python, "v"), Node: strings.TrimPrefix(node, "v"),
	}
	cpu, cpuErr := os.ReadFile("/proc/cpuinfo")
	memory, memoryErr := os.ReadFile("/proc/meminfo")
	load, loadErr := os.ReadFile("/proc/loadavg")
	if err := errors.Join(cpuErr, memoryErr, loadErr); err != nil {
		return m, err
	}
	return m, m.read(string(cpu), string(memory), string(load))
}

var (
	modelPattern  = regexp.MustCompile(`(?m)^model name\s*:\s*(.+)$`)
	memoryPattern = regexp.MustCompile(`(?m)^MemTotal:\s*(\d+) kB$`)
)

// read reads the contents of cpuinfo, meminfo and loadavg.
func (m *Machine) read(cpu, memory, load string) error {
	m.Processor = "unknown" // ARM's kernels report no model
	if found := modelPattern.FindStringSubmatch(cpu); found != nil {
		m.Processor = strings.TrimSpace(found[1])
	}
	found := memoryPattern.FindStringSubmatch(memory)
	if found == nil {
		return errors.New("the system does not report its memory")
	}
	kib, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		return err
	}
	m.MemoryGiB = kib / (1 << 20)
	lastMinute, _, _ := strings.Cut(load, " ")
	m.Load, err = strconv.ParseFloat(lastMinute, 64)
	return err
}

func (m Machine) String() string {
	return fmt.Sprintf("%d cores (%s), %.0f GiB, %s, Go %s, Python %s, Node %s, load before %.1f",
		m.Cores, m.Processor, m.MemoryGiB, m.System, m.Go, m.Python, m.Node, m.Load)
}
