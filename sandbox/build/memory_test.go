package build

import "testing"

func TestParseMemory(t *testing.T) {
	const info = "MemTotal:       24638156 kB\nMemFree:        19000000 kB\nMemAvailable:   23068672 kB\nHugePages_Total:       0\n"
	for _, test := range []struct {
		name, info, limit string
		want              uint64
	}{
		{"no container", info, "", 22 << 30},
		{"a container without a limit", info, "max\n", 22 << 30},
		{"a container with a limit", info, "4294967296\n", 4 << 30},
		{"a limit above what is there", info, "99999999999999\n", 22 << 30},
		{"nothing known", "", "4294967296\n", 0},
		{"an old kernel", "MemTotal:       24638156 kB\n", "", 0},
	} {
		if got := parseMemory(test.info, test.limit); got != test.want {
			t.Errorf("%s: got %d, want %d", test.name, got, test.want)
		}
	}
}
