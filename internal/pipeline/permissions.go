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

// Names are the values that permissions.yaml has placeholders for. They restrict the
// permissions to one stack.
type Names struct {
	Partition string
	Region    string
	AccountID string
	Project   string // of the stack: its `project` tag, and the prefix of all names
	Stack     string
	Boundary  string // ARN of the permissions boundary

	ZoneIDs []string // Route 53 zones in which the stack may have records
}

// Name returns the prefix of the physical names of the stack's resources.
func (n Names) Name() string { return n.Project + "-" + n.Stack }

func (n Names) replacer() *strings.Replacer {
	return strings.NewReplacer(
		"{partition}", n.Partition, "{region}", n.Region, "{account}", n.AccountID,
		"{project}", n.Project, "{stack}", n.Stack, "{name}", n.Name(), "{boundary}", n.Boundary,
		"{global}", config.GlobalRegion, "{bucket}", accesslogs.BucketPrefix(n.Name()),
	)
}

// conditions are IAM conditions by operator and key. One of the values must match.
type conditions map[string]map[string]values

// values is one value or a list of values, in YAML and in IAM's JSON.
type values []string

// UnmarshalYAML reads one value or a list of them.
func (v *values) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		*v = values{node.Value}
		return nil
	}
	return node.Decode((*[]string)(v))
}

// statement is a statement of permissions.yaml. In groups it has actions for reading and
// for writing, in the boundary and for verifications just actions.
type statement struct {
	Sid       string
	Resources []string
	Read      []string
	Write     []string
	Actions   []string
	Condition conditions
}

// group is a policy for writing. Several groups share a policy for reading.
type group struct {
	Name       string
	Reading    string
	Statements []statement
}

// permissions is the content of permissions.yaml.
type permissions struct {
	Conditions map[string]conditions // only for references within the file
	Groups     []group
	Boundary   []statement
	Verify     []statement // of the role that runs `gatehouse verify`
	Unseen     []unseen
}

// unseen are actions that are allowed although no deployment in the sandbox calls them.
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

// largestPolicy is the maximum number of characters of a managed policy (IAM's user
// guide, "IAM and AWS STS quotas").
const largestPolicy = 6144

// document is a policy document with placeholders for names.
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

// reading returns the policy documents for previews and deployments.
func (p permissions) reading() []document {
	return p.documents(
		func(g group) string { return g.Reading + "-read" },
		func(s statement) []string { return s.Read },
	)
}

// writing returns the policy documents for deployments only.
func (p permissions) writing() []document {
	return p.documents(
		func(g group) string { return g.Name + "-write" },
		func(s statement) []string { return s.Write },
	)
}

// documents returns a policy document for each name of the groups, in their order.
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

func (p permissions) boundary() document { return documentOf("boundary", p.Boundary) }

// verifyDocument is the name of the policy for `gatehouse verify`.
const verifyDocument = "verify"

// verifying returns the policy document for `gatehouse verify`.
func (p permissions) verifying() document { return documentOf(verifyDocument, p.Verify) }

// documentOf returns a policy document of statements with just actions.
func documentOf(name string, statements []statement) document {
	d := document{name: name}
	for _, s := range statements {
		d.statements = append(d.statements, allow(s, s.Actions))
	}
	return d
}

// json returns the document with the placeholders replaced.
func (d document) json(n Names) (string, error) {
	encoded, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": d.filled(n)})
	if err != nil {
		return "", err
	}
	if len(encoded) > largestPolicy {
		return "", fmt.Errorf("the policy %s has %d characters; allowed: at most %d, so divide its group in permissions.yaml", d.name, len(encoded), largestPolicy)
	}
	return string(encoded), nil
}

// zone is the placeholder for a zone's id in a resource.
const zone = "{zone}"

// inZones returns the resources with the placeholder replaced by each zone. Without zones,
// it leaves them out.
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

// filled returns the document's statements with the placeholders replaced. It leaves out a
// statement about zones if there are none.
func (d document) filled(n Names) []allowed {
	replacer := n.replacer()
	replace := func(patterns []string) []string {
		filled := make([]string, len(patterns))
		for i, pattern := range patterns {
			filled[i] = replacer.Replace(pattern)
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
	for operator, keys := range c {
		all[operator] = map[string]values{}
		for key, wanted := range keys {
			all[operator][key] = replace(wanted)
		}
	}
	return all
}

// Documents returns the policy documents of one stack's roles, and of the boundary, by
// name, in IAM's JSON.
func Documents(n Names) (map[string]json.RawMessage, error) {
	p, err := loadPermissions()
	if err != nil {
		return nil, err
	}
	all := map[string]json.RawMessage{}
	for _, d := range slices.Concat(p.reading(), p.writing(), []document{p.verifying(), p.boundary()}) {
		text, err := d.json(n)
		if err != nil {
			return nil, err
		}
		all[d.name] = json.RawMessage(text)
	}
	return all, nil
}

// actions returns all actions that documents allow, sorted.
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

// starred are the actions that AWS requires with an asterisk in a policy (CloudFront's
// developer guide, "Set up IAM permissions and roles for Lambda@Edge").
var starred = []string{"lambda:DisableReplication*", "lambda:EnableReplication*"}

// check returns the errors that decoding doesn't find: statements without actions or
// resources, duplicate names, and actions with wildcards.
func (p permissions) check() error {
	var problems []error
	for _, d := range slices.Concat(p.reading(), p.writing(), []document{p.boundary()}) {
		seen := map[string]bool{}
		for _, s := range d.statements {
			if s.Sid == "" || seen[s.Sid] {
				problems = append(problems, fmt.Errorf("%s: the statement %q requires a unique sid", d.name, s.Sid))
			}
			seen[s.Sid] = true
			if len(s.Resource) == 0 || len(s.Action) == 0 {
				problems = append(problems, fmt.Errorf("%s: the statement %s requires actions and resources", d.name, s.Sid))
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
