package recovery

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

const (
	subnets = "aws:ec2/subnet:Subnet"
	roles   = "aws:iam/role:Role"
)

var nothing = Inventory{Types: []string{subnets, roles}, Repeatable: []string{"aws:lambda/invocation:Invocation"}}

func holding(found ...Found) Inventory {
	cloud := nothing
	cloud.Resources = found
	return cloud
}

func state(t *testing.T, text string) (s State) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

const killed = `{"deployment": {
	"resources": [{"urn": "urn::a", "type": "aws:ec2/subnet:Subnet", "id": "subnet-a"}],
	"pending_operations": [
		{"type": "creating", "resource": {"urn": "urn::b", "type": "aws:ec2/subnet:Subnet", "inputs": {"cidrBlock": "10.0.1.0/24", "tags": {"Name": "b"}}}},
		{"type": "creating", "resource": {"urn": "urn::c", "type": "aws:ec2/subnet:Subnet", "inputs": {"cidrBlock": "10.0.2.0/24", "lists": [{"x": "c"}]}}},
		{"type": "creating", "resource": {"urn": "urn::d", "type": "aws:lambda/invocation:Invocation"}},
		{"type": "updating", "resource": {"urn": "urn::e", "type": "elsewhere:kind:Kind"}}
	]
}}`

var (
	a = Found{Type: subnets, ID: "subnet-a", Import: "subnet-a"}
	b = Found{Type: subnets, ID: "subnet-b", Import: "subnet-b", Hints: []string{"10.0.1.0/24", "b"}}
	c = Found{Type: subnets, ID: "subnet-c", Import: "import-c", Hints: []string{"c", "10.0.2.0/24"}}
)

func TestExplain(t *testing.T) {
	for name, test := range map[string]struct {
		cloud Inventory
		want  Imports
	}{
		"nothing happened": {holding(a), Imports{}},
		"one happened":     {holding(a, c), Imports{"urn::c": "import-c"}},
		"all happened":     {holding(c, b, a), Imports{"urn::b": "subnet-b", "urn::c": "import-c"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Explain(state(t, killed), test.cloud)
			if err != nil || !maps.Equal(got, test.want) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestExplainDoesNotGuess(t *testing.T) {
	anySubnet := Found{Type: subnets, ID: "subnet-x", Import: "subnet-x"}
	for name, test := range map[string]struct {
		state string
		cloud Inventory
		want  string
	}{
		"nobody's":    {killed, holding(a, Found{Type: roles, ID: "role"}), "0 operations that were under way can have made aws:iam/role:Role role"},
		"anybody's":   {killed, holding(a, anySubnet), "2 operations"},
		"two for one": {killed, holding(a, b, Found{Type: subnets, ID: "subnet-y", Import: "subnet-y", Hints: b.Hints}), "urn::b can have made subnet-b as well as subnet-y"},
		"unknown": {
			`{"deployment": {"pending_operations": [{"type": "creating", "resource": {"urn": "urn::s", "type": "vault:index/mount:Mount"}}]}}`,
			nothing, "whether urn::s was made can't be told",
		},
		"replaced": {
			`{"deployment": {"resources": [{"urn": "urn::r", "type": "aws:iam/role:Role", "id": "old"}],
				"pending_operations": [{"type": "creating", "resource": {"urn": "urn::r", "type": "aws:iam/role:Role"}}]}}`,
			nothing, "urn::r was being replaced",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Explain(state(t, test.state), test.cloud); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestOrphansAndMissing(t *testing.T) {
	if got := Orphans(state(t, killed), holding(a, b)); len(got) != 1 || got[0].ID != "subnet-b" {
		t.Errorf("orphans: %v", got)
	}
	if got := Missing(state(t, killed), holding(b)); len(got) != 1 || got[0].ID != "subnet-a" {
		t.Errorf("missing: %v", got)
	}
	if got := Missing(state(t, killed), holding(a)); len(got) != 0 {
		t.Errorf("missing: %v", got)
	}
}

func TestUnknown(t *testing.T) {
	s := state(t, `{"deployment": {"resources": [
		{"type": "pulumi:providers:vault", "id": "x"}, {"type": "gatehouse:edge:Edge"},
		{"type": "aws:iam/role:Role", "id": "a"}, {"type": "aws:lambda/invocation:Invocation", "id": "b"},
		{"type": "vault:index/mount:Mount", "id": "c"}, {"type": "vault:index/policy:Policy", "id": "d"}, {"type": "vault:index/policy:Policy", "id": "e"}
	]}}`)
	cloud := Merge(nothing, Inventory{Unclear: []string{"vault:index/mount:Mount"}})
	if got := Unknown(s, cloud); len(got) != 1 || got[0] != "vault:index/policy:Policy" {
		t.Errorf("got %v", got)
	}
}

func TestMerge(t *testing.T) {
	other := Inventory{Types: []string{"t"}, Repeatable: []string{"r"}, Unclear: []string{"u"}, Resources: []Found{b}}
	got := Merge(holding(a), other)
	if len(got.Types) != 3 || len(got.Repeatable) != 2 || len(got.Unclear) != 1 || !got.Has(a) || !got.Has(b) {
		t.Errorf("got %+v", got)
	}
}

func TestMend(t *testing.T) {
	imports := Imports{"urn::c": "import-c"}
	mended, err := Mend([]byte(killed), imports)
	if err != nil {
		t.Fatal(err)
	}
	got := state(t, string(mended))
	if len(got.Deployment.Pending) > 0 || len(got.Deployment.Resources) != 2 {
		t.Fatalf("got %s", mended)
	}
	made := got.Deployment.Resources[1]
	if made.URN != "urn::c" || made.ID != "import-c" || made.Type != subnets || !slices.Contains(texts(made.Inputs), "10.0.2.0/24") {
		t.Errorf("got %+v", made)
	}
	if got := imports.String(); got != "c" {
		t.Errorf("the imports are named %s", got)
	}
}

func TestMendKeepsWhatItDoesNotKnow(t *testing.T) {
	mended, err := Mend([]byte(`{"version": 3, "deployment": {"secrets_providers": {"state": {"salt": "v1:x"}}, "resources": [{"urn": "a", "created": 12345678901234567890}],
		"pending_operations": []}}`), nil)
	if want := `{"deployment":{"resources":[{"urn":"a","created":12345678901234567890}],"secrets_providers":{"state":{"salt":"v1:x"}}},"version":3}`; err != nil || string(mended) != want {
		t.Errorf("got %s, %v", mended, err)
	}
}
