package survey

import (
	"strings"
	"testing"
	"time"
)

func TestSourceOfAPart(t *testing.T) {
	all := Need{Name: Engine, Installed: "i", Fresh: "f", Download: "d", Package: "p", Unavailable: "u"}
	without := func(change func(*Need)) Need {
		n := all
		change(&n)
		return n
	}
	for _, test := range []struct {
		need Need
		want Part
	}{
		{all, Part{Name: Engine, Source: Installed, Detail: "i"}},
		{without(func(n *Need) { n.Installed = "" }), Part{Name: Engine, Source: Fresh, Detail: "f"}},
		{Need{Name: Engine, Download: "d", Package: "p"}, Part{Name: Engine, Source: Downloaded, Detail: "d", Wait: 16 * time.Second}},
		{Need{Name: Vault, Package: "p"}, Part{Name: Vault, Source: Package, Detail: "p", Wait: 12 * time.Second}},
		{Need{Name: Vault, Unavailable: "u"}, Part{Name: Vault, Source: Compiled, Work: 230 * time.Second, Unavailable: "u"}},
	} {
		if got := Of([]Need{test.need}); len(got) != 1 || got[0] != test.want {
			t.Errorf("%+v: got %+v, want %+v", test.need, got, test.want)
		}
	}
}

// Each part that can be compiled or fetched has an estimate.
func TestEstimates(t *testing.T) {
	for _, name := range []string{
		Driver, Engine, LanguageHost, AWSPlugin, VaultPlugin, KubernetesPlugin, Program, Lambdas, Vault, Kubernetes, PythonPackages,
	} {
		if e := estimates[name]; e.compile+e.fetch == 0 {
			t.Errorf("%s has no estimate", name)
		}
	}
}

var (
	tools = []string{"go 1.26.8", "node 20.20.2"}

	offline = Of([]Need{
		{Name: Engine, Unavailable: "get.pulumi.com: no such host"},
		{Name: LanguageHost, Unavailable: "get.pulumi.com: no such host"},
		{Name: AWSPlugin, Unavailable: "get.pulumi.com: no such host"},
		{Name: VaultPlugin, Unavailable: "get.pulumi.com responds 403 Forbidden"},
		{Name: Vault, Package: "OpenBao 2.7.2"},
		{Name: Program},
	})
	online = Of([]Need{
		{Name: Engine, Installed: "3.256.1, /usr/bin"},
		{Name: AWSPlugin, Download: "6.83.0"},
		{Name: Lambdas},
	})
)

func TestText(t *testing.T) {
	for name, test := range map[string]struct {
		parts      []Part
		processors int
		want       string
	}{
		"without internet": {offline, 2, `found: go 1.26.8, node 20.20.2
will be fetched: vault (OpenBao 2.7.2); about 20 seconds
will be compiled: engine, language host, aws plugin, vault plugin, program; about 3 minutes on 2 processors
can't be downloaded: engine, language host, aws plugin (get.pulumi.com: no such host)
can't be downloaded: vault plugin (get.pulumi.com responds 403 Forbidden)`},
		"with internet": {online, 1, `found: go 1.26.8, node 20.20.2, engine (3.256.1, /usr/bin)
will be fetched: aws plugin (6.83.0); about 40 seconds
will be compiled: lambdas; about 10 seconds on 1 processor`},
		"again": {Of([]Need{{Name: Engine, Fresh: "compiled before"}}), 2, `found: go 1.26.8, node 20.20.2, engine (compiled before)
nothing is missing`},
	} {
		if got := Text(test.parts, tools, test.processors); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, test.want)
		}
	}
	if got := Text(nil, nil, 2); !strings.HasPrefix(got, "found: nothing\n") {
		t.Errorf("got %q", got)
	}
}

func TestCompiling(t *testing.T) {
	parts := []Part{{Work: 170 * time.Second}, {Wait: time.Hour}}
	for processors, want := range map[int]time.Duration{1: 170 * time.Second, 2: 100 * time.Second, 8: 25 * time.Second} {
		if got := Compiling(parts, processors); got != want {
			t.Errorf("%d processors: got %v, want %v", processors, got, want)
		}
	}
	if got := Fetching(parts); got != time.Hour {
		t.Errorf("fetching takes %v", got)
	}
}

func TestAbout(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "about 10 seconds", 34 * time.Second: "about 40 seconds", 89 * time.Second: "about 90 seconds",
		91 * time.Second: "about 2 minutes", 349 * time.Second: "about 6 minutes",
	} {
		if got := about(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}
