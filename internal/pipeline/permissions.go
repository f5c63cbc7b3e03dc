package pipeline

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/gatehouse-iac/gatehouse/internal/accesslogs"
	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// Names are what the permissions of one stack are bounded by.
type Names struct {
	Partition string
	Region    string
	AccountID string
	Project   string // of the stack: its `project` tag, and the start of all names
	Stack     string
	Boundary  string // ARN of the permissions boundary

	ZoneIDs []string // of Route 53, in which the stack may have records
}

// Name starts the physical names of the stack's resources.
func (n Names) Name() string { return n.Project + "-" + n.Stack }

func (n Names) replacer() *strings.Replacer {
	return strings.NewReplacer(
		"{partition}", n.Partition, "{region}", n.Region, "{account}", n.AccountID,
		"{project}", n.Project, "{stack}", n.Stack, "{name}", n.Name(), "{boundary}", n.Boundary,
		"{global}", config.GlobalRegion, "{bucket}", accesslogs.BucketPrefix(n.Name()),
	)
}

// conditions are IAM's: operator, key, and the values, of which one is enough.
type conditions map[string]map[string]values

// values are one value or several; YAML and IAM write both.
type values []string

// UnmarshalYAML reads one value or a list of them.
func (v *values) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*v = values{node.Value}
		return nil
	}
	return node.Decode((*[]string)(v))
}

// statement is one statement of permissions.yaml. Those of groups have actions for
// reading and for writing, those of the boundary just actions.
type statement struct {
	Sid       string
	Resources []string
	Read      []string
	Write     []string
	Actions   []string
	Condition conditions
}

// group is a policy for writing. Several of them share a policy for reading.
type group struct {
	Name       string
	Reading    string
	Statements []statement
}

// permissions is permissions.yaml.
type permissions struct {
	Conditions map[string]conditions // only for the file's own references
	Groups     []group
	Boundary   []statement
	Unseen     []unseen
}

// unseen are actions that are allowed though no local deployment calls them.
type unseen struct {
	Reason  string
	Actions []string
}

//go:embed permissions.yaml
var permissionsFile []byte

func loadPermissions() (permissions, error) {
	var p permissions
	decoder := yaml.NewDecoder(strings.NewReader(string(permissionsFile)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&p); err != nil {
		return permissions{}, fmt.Errorf("permissions.yaml: %w", err)
	}
	return p, nil
}

// largestPolicy is how many characters a managed policy may have (IAM's user guide,
// "IAM and AWS STS quotas").
const largestPolicy = 6144

// document is a policy document, ready to be filled with names.
type document struct {
	name       string
	statements []allowed
}

func (d document) description(n Names) string {
	return "The " + d.name + " policy of the pipeline of " + n.Name()
}

// allowed is a statement of a policy document.
type allowed struct {
	Sid       string
	Effect    string
	Action    []string
	Resource  []string
	Condition conditions `json:",omitempty"`
}

func allow(s statement, actions []string) allowed {
	return allowed{Sid: s.Sid, Effect: "Allow", Action: actions, Resource: s.Resources, Condition: s.Condition}
}

// reading and writing are the documents for what only looks and for what changes.
func (p permissions) reading() []document {
	return p.documents(
		func(g group) string { return g.Reading + "-read" },
		func(s statement) []string { return s.Read },
	)
}

func (p permissions) writing() []document {
	return p.documents(
		func(g group) string { return g.Name + "-write" },
		func(s statement) []string { return s.Write },
	)
}

// documents are the policies that name gives groups, in the order of the groups.
func (p permissions) documents(name func(group) string, actions func(statement) []string) []document {
	var all []document
	for _, g := range p.Groups {
		i := slices.IndexFunc(all, func(d document) bool { return d.name == name(g) })
		if i < 0 {
			i, all = len(all), append(all, document{name: name(g)})
		}
		for _, s := range g.Statements {
			if found := actions(s); len(found) > 0 {
				all[i].statements = append(all[i].statements, allow(s, found))
			}
		}
	}
	return all
}

func (p permissions) boundary() document {
	d := document{name: "boundary"}
	for _, s := range p.Boundary {
		d.statements = append(d.statements, allow(s, s.Actions))
	}
	return d
}

// json is the document with the names filled in.
func (d document) json(n Names) (string, error) {
	text, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": d.filled(n)})
	if err != nil {
		return "", err
	}
	if len(text) > largestPolicy {
		return "", fmt.Errorf("the policy %s has %d characters; allowed: %d, so divide its group in permissions.yaml", d.name, len(text), largestPolicy)
	}
	return string(text), nil
}

// zone stands for each of the zones in a resource.
const zone = "{zone}"

// inZones are the resources for each zone. Without zones, those in zones are left out.
func inZones(resources, ids []string) []string {
	var all []string
	for _, resource := range resources {
		if !strings.Contains(resource, zone) {
			all = append(all, resource)
			continue
		}
		for _, id := range ids {
			all = append(all, strings.ReplaceAll(resource, zone, id))
		}
	}
	return all
}

// filled is the document's statements with the names filled in. A statement about
// zones is left out where there are none.
func (d document) filled(n Names) []allowed {
	replacer := n.replacer()
	replace := func(texts []string) []string {
		filled := make([]string, len(texts))
		for i, text := range texts {
			filled[i] = replacer.Replace(text)
		}
		return filled
	}
	var all []allowed
	for _, s := range d.statements {
		s.Resource = replace(inZones(s.Resource, n.ZoneIDs))
		if len(s.Resource) == 0 {
			continue
		}
		s.Condition = s.Condition.filled(replace)
		all = append(all, s)
	}
	return all
}

func (c conditions) filled(replace func([]string) []string) conditions {
	if c == nil {
		return nil
	}
	all := conditions{}
	for operator, tests := range c {
		all[operator] = map[string]values{}
		for key, wanted := range tests {
			all[operator][key] = replace(wanted)
		}
	}
	return all
}

// Documents are the policy documents of one stack's roles, and of the boundary, by
// name, as IAM takes them.
func Documents(n Names) (map[string]json.RawMessage, error) {
	p, err := loadPermissions()
	if err != nil {
		return nil, err
	}
	all := map[string]json.RawMessage{}
	for _, d := range slices.Concat(p.reading(), p.writing(), []document{p.boundary()}) {
		text, err := d.json(n)
		if err != nil {
			return nil, err
		}
		all[d.name] = json.RawMessage(text)
	}
	return all, nil
}

// actions are all that documents allow, in order.
func actions(documents ...document) []string {
	found := map[string]bool{}
	for _, d := range documents {
		for _, s := range d.statements {
			for _, action := range s.Action {
				found[action] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// starred are the actions that AWS wants with a star in a policy (CloudFront's
// developer guide, "Set up IAM permissions and roles for Lambda@Edge").
var starred = []string{"lambda:DisableReplication*", "lambda:EnableReplication*"}

// check finds what YAML can't: statements that allow nothing, or that IAM would take
// for other than they say.
func (p permissions) check() error {
	var problems []error
	for _, d := range slices.Concat(p.reading(), p.writing(), []document{p.boundary()}) {
		seen := map[string]bool{}
		for _, s := range d.statements {
			if s.Sid == "" || seen[s.Sid] {
				problems = append(problems, fmt.Errorf("%s: the statement %q needs a name of its own", d.name, s.Sid))
			}
			seen[s.Sid] = true
			if len(s.Resource) == 0 || len(s.Action) == 0 {
				problems = append(problems, fmt.Errorf("%s: the statement %s needs actions and resources", d.name, s.Sid))
			}
			for _, action := range s.Action {
				if strings.Contains(action, "*") && !slices.Contains(starred, action) {
					problems = append(problems, fmt.Errorf("%s: %s allows more than one action", d.name, action))
				}
			}
		}
	}
	return errors.Join(problems...)
}
