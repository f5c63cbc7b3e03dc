package bench

import (
	"strings"
	"testing"
)

func TestCostIsBesideEachOtherSystem(t *testing.T) {
	rows, err := Cost([]byte(`{"usd": {
		"a month at rest": {"dev": 4, "prod": 30, "one value": 0, "two values": 20},
		"a million requests, let in": {"dev": 2, "one value": 1, "two values": 4},
		"a million requests, the model included": {"dev": 40, "prod": 50}
	}}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range rows {
		got = append(got, strings.Join(row.cells()[:4], " | "))
	}
	want := []string{
		"dev, a month at rest | 4 $ | 0 $ (one value) | ",
		"dev, a month at rest | 4 $ | 20 $ (two values) | 0.20×",
		"prod, a month at rest | 30 $ | 0 $ (one value) | ",
		"prod, a month at rest | 30 $ | 20 $ (two values) | 1.50×",
		"dev, a million requests, let in | 2 $ | 1 $ (one value) | 2.00×",
		"dev, a million requests, let in | 2 $ | 4 $ (two values) | 0.50×",
		"dev, a million requests, the model included | 40 $ |  | ",
		"prod, a million requests, the model included | 50 $ |  | ",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestCostWithoutATableIsAnError(t *testing.T) {
	for _, sums := range []string{`{}`, `no JSON`} {
		if _, err := Cost([]byte(sums)); err == nil {
			t.Errorf("%s: no error", sums)
		}
	}
}
