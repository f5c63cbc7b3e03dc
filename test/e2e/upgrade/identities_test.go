package upgrade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// identities has the ids of the resources that an update must not replace, by type and name.
type identities map[string]string

// listed finds the resources that docs/upgrading.md lists: name and type.
var listed = regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)`[^|]* \\| `([a-zA-Z0-9:/]+)` \\|")

// identities returns those of the stack.
func (s *suite) identities(ctx context.Context) (identities, error) {
	page, err := os.ReadFile(filepath.Join(s.newer.Checkout.Root, "docs", "upgrading.md"))
	if err != nil {
		return nil, err
	}
	state, err := s.newer.Stack.Export(ctx)
	if err != nil {
		return nil, err
	}
	found, err := identitiesIn(state, listed.FindAllStringSubmatch(string(page), -1))
	if err == nil && len(found) < 5 {
		err = fmt.Errorf("the stack has %d of the resources that must not be replaced", len(found))
	}
	return found, err
}

func identitiesIn(state []byte, names [][]string) (identities, error) {
	var exported struct {
		Deployment struct {
			Resources []struct{ URN, ID, Type string }
		}
	}
	if err := json.Unmarshal(state, &exported); err != nil {
		return nil, fmt.Errorf("read the exported state: %w", err)
	}
	found := identities{}
	for _, r := range exported.Deployment.Resources {
		for _, one := range names {
			if name, kind := one[1], one[2]; r.Type == kind && strings.HasSuffix(r.URN, "::"+name) {
				found[kind+" "+name] = r.ID
			}
		}
	}
	return found, nil
}

// kept returns an error unless another state has the same resources. It may have more.
func (i identities) kept(after identities) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(i)) {
		if after[name] != i[name] {
			problems = append(problems, fmt.Errorf("%s was %s and is %q: it must not be replaced", name, i[name], after[name]))
		}
	}
	return errors.Join(problems...)
}

func TestIdentities(t *testing.T) {
	const page = "| `edge-distribution` | `aws:cloudfront/distribution:Distribution` | x |\n| `rotation-rotator-logs`, and others | `aws:cloudwatch/logGroup:LogGroup` | x |\n"
	state := func(id string) []byte {
		return []byte(`{"deployment":{"resources":[
			{"urn":"urn:pulumi:local::gatehouse::a$aws:cloudfront/distribution:Distribution::edge-distribution","id":"` + id + `","type":"aws:cloudfront/distribution:Distribution"},
			{"urn":"urn:pulumi:local::gatehouse::a$aws:cloudfront/distribution:Distribution::other","id":"E9","type":"aws:cloudfront/distribution:Distribution"}]}}`)
	}
	names := listed.FindAllStringSubmatch(page, -1)
	if len(names) != 2 {
		t.Fatalf("found %v", names)
	}
	before, err := identitiesIn(state("E1"), names)
	if err != nil || len(before) != 1 {
		t.Fatalf("%v, %v", before, err)
	}
	same, err := identitiesIn(state("E1"), names)
	if err := errors.Join(err, before.kept(same)); err != nil {
		t.Error(err)
	}
	replaced, err := identitiesIn(state("E2"), names)
	if err != nil || before.kept(replaced) == nil || before.kept(identities{}) == nil {
		t.Errorf("a replaced or deleted resource passes: %v", err)
	}
	if err := (identities{}).kept(replaced); err != nil {
		t.Errorf("a new resource: %v", err)
	}
}
