package build

import (
	"slices"
	"testing"
)

func TestCompilerSettings(t *testing.T) {
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	const gib = 1 << 30
	for _, test := range []struct {
		memory uint64
		want   []string
	}{
		{0, nil},
		{4*gib - 1, nil},
		{4 * gib, []string{"GOGC=400", "GOMEMLIMIT=2048MiB"}},
		{8 * gib, []string{"GOGC=400", "GOMEMLIMIT=4096MiB"}},
		{64 * gib, []string{"GOGC=400", "GOMEMLIMIT=5120MiB"}},
	} {
		if got := compilerSettings(test.memory); !slices.Equal(got, test.want) {
			t.Errorf("%d GiB: got %q, want %q", test.memory/gib, got, test.want)
		}
	}
	t.Setenv("GOGC", "50")
	if got := compilerSettings(64 * gib); got != nil {
		t.Errorf("the user's setting is replaced by %q", got)
	}
}
