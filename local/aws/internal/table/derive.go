package table

import (
	"sort"
	"strings"
	"unicode"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/sdk"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

// named by hand: what shares neither enough of its name nor enough of its properties with its counterpart.
var named = map[string]string{
	"aws:ec2/getElasticIp:getElasticIp":                                     "aws_eip",
	"aws:ssm/contactsRotation:ContactsRotation":                             "aws_ssmcontacts_rotation",
	"aws:ssm/quicksetupConfigurationManager:QuicksetupConfigurationManager": "aws_ssmquicksetup_configuration_manager",
	// Bucket is an older generation that pulumi-aws adds to Terraform's provider.
	"aws:s3/bucket:Bucket": "",
	// Misspelt names that the SDK keeps for compatibility.
	"aws:ec2/getVpcIamPool:getVpcIamPool":           "",
	"aws:ec2/getVpcIamPoolCidrs:getVpcIamPoolCidrs": "",
	"aws:ec2/getVpcIamPools:getVpcIamPools":         "",
}

// Derive matches the SDK's packages with the schema a Terraform provider reports. What has no counterpart is
// left out and returned by name.
func Derive(packages []*sdk.Package, provider shim.Provider) (*Table, []string) {
	t := &Table{Resources: map[string]*Entry{}, Functions: map[string]*Entry{}}
	var missing []string
	for _, p := range packages {
		if p.Config != nil {
			t.Config, _ = matchObject(provider.Schema(), p.Config)
		}
		missing = append(missing, pair(t.Resources, p.Resources, provider.ResourcesMap())...)
		missing = append(missing, pair(t.Functions, p.Functions, provider.DataSourcesMap())...)
	}
	sort.Strings(missing)
	return t, missing
}

func pair(entries map[string]*Entry, objects map[string]*sdk.Object, schemas shim.ResourceMap) []string {
	var missing []string
	for token, object := range objects {
		terraform := counterpart(token, object, schemas)
		if terraform == "" {
			missing = append(missing, token)
			continue
		}
		fields, unmatched := matchObject(schemas.Get(terraform).Schema(), object)
		entries[token] = &Entry{Terraform: terraform, Fields: fields}
		for _, name := range unmatched {
			missing = append(missing, token+" "+name)
		}
	}
	return missing
}

// counterpart is the Terraform name whose words and attributes fit the token best.
func counterpart(token string, object *sdk.Object, schemas shim.ResourceMap) string {
	if name, ok := named[token]; ok {
		return name
	}
	best, bestScore := "", 0.0
	schemas.Range(func(name string, schema shim.Resource) bool {
		score := wordScore(token, name)
		if score < 0.2 {
			return true
		}
		score += propertyScore(schema.Schema(), object)
		if score > bestScore || score == bestScore && name < best {
			best, bestScore = name, score
		}
		return true
	})
	if bestScore < 1.0 {
		return ""
	}
	return best
}

// wordScore compares "aws:cloudwatch/logGroup:LogGroup" with "aws_cloudwatch_log_group".
func wordScore(token, terraform string) float64 {
	parts := strings.Split(token, ":")
	module, _, _ := strings.Cut(parts[1], "/")
	words := strings.TrimPrefix(snake(parts[2]), "get_")
	terraform = strings.TrimPrefix(terraform, "aws_")
	switch {
	case terraform == module+"_"+words, module == "index" && terraform == words:
		return 1
	case terraform == words:
		return 0.95
	case strings.HasSuffix(terraform, "_"+words):
		return 0.8
	}
	return 0.8 * overlap(strings.Split(module+"_"+words, "_"), strings.Split(terraform, "_"))
}

func propertyScore(schema shim.SchemaMap, object *sdk.Object) float64 {
	var names []string
	schema.Range(func(name string, _ shim.Schema) bool {
		if name != "timeouts" && name != "id" {
			names = append(names, tfbridge.TerraformToPulumiNameV2(name, schema, nil))
		}
		return true
	})
	var properties []string
	for name := range object.Properties {
		if name != "id" {
			properties = append(properties, name)
		}
	}
	return overlap(names, properties)
}

// overlap is the share of the elements two sets have in common.
func overlap(a, b []string) float64 {
	in := map[string]bool{}
	for _, s := range a {
		in[s] = true
	}
	common, all := 0, len(in)
	seen := map[string]bool{}
	for _, s := range b {
		if seen[s] {
			continue
		}
		seen[s] = true
		if in[s] {
			common++
		} else {
			all++
		}
	}
	if all == 0 {
		return 1
	}
	return float64(common) / float64(all)
}

// matchObject finds the property of every attribute and notes where name, shape or type is not what the bridge
// derives. It returns the properties that are left over.
func matchObject(schema shim.SchemaMap, object *sdk.Object) (Fields, []string) {
	if object == nil {
		return nil, nil
	}
	free := map[string]sdk.Type{}
	for name, t := range object.Properties {
		free[name] = t
	}
	delete(free, "id")
	fields := Fields{}
	var open []string
	for _, attribute := range attributes(schema) {
		if _, ok := free[attribute]; attribute == "timeouts" && !ok {
			continue // an option of every resource in the SDK, not a property
		}
		if field, name, ok := byName(attribute, schema, free); ok {
			delete(free, name)
			fields.set(attribute, field)
			continue
		}
		open = append(open, attribute)
	}
	for _, attribute := range open {
		if field, name, ok := byLikeness(attribute, schema, free); ok {
			delete(free, name)
			fields.set(attribute, field)
		}
	}
	var unmatched []string
	for name := range free {
		unmatched = append(unmatched, name)
	}
	return fields, unmatched
}

func (f Fields) set(attribute string, field *Field) {
	if field.Auto || field.Name != "" || field.Single != nil || field.Kind != "" || len(field.Fields) > 0 {
		f[attribute] = field
	}
}

func attributes(schema shim.SchemaMap) []string {
	var names []string
	schema.Range(func(name string, _ shim.Schema) bool {
		if name != "id" {
			names = append(names, name)
		}
		return true
	})
	sort.Strings(names)
	return names
}

// byName tries the bridge's own name, as a list and as a single value.
func byName(attribute string, schema shim.SchemaMap, free map[string]sdk.Type) (*Field, string, bool) {
	for _, single := range []*bool{nil, ptr(true), ptr(false)} {
		name := tfbridge.TerraformToPulumiNameV2(attribute, schema,
			map[string]*info.Schema{attribute: {MaxItemsOne: single}})
		t, ok := free[name]
		if !ok {
			continue
		}
		if field, ok := fit(schema.Get(attribute), single, t); ok {
			return field, name, true
		}
	}
	return nil, "", false
}

// byLikeness is for the names that pulumi-aws chose itself: functionName → name, filename → code.
func byLikeness(attribute string, schema shim.SchemaMap, free map[string]sdk.Type) (*Field, string, bool) {
	var best *Field
	bestName, bestScore := "", 0.0
	for name, t := range free {
		for _, single := range []*bool{nil, ptr(true), ptr(false)} {
			field, ok := fit(schema.Get(attribute), single, t)
			if !ok {
				continue
			}
			score := likeness(strings.Split(attribute, "_"), strings.Split(snake(name), "_"))
			if field.Kind == Archive || field.Kind == Asset {
				score = 1
			}
			if score > bestScore || score == bestScore && name < bestName {
				field.Name = name
				best, bestName, bestScore = field, name, score
			}
		}
	}
	return best, bestName, bestScore > 0
}

// likeness counts common words, singular and plural being the same.
func likeness(a, b []string) float64 {
	trim := func(words []string) []string {
		var trimmed []string
		for _, w := range words {
			trimmed = append(trimmed, strings.TrimSuffix(w, "s"))
		}
		return trimmed
	}
	return overlap(trim(a), trim(b))
}

// fit says whether an attribute can be the SDK's type, and what has to be noted then.
func fit(schema shim.Schema, single *bool, t sdk.Type) (*Field, bool) {
	field := &Field{Single: single, Auto: schema.Required() && t.Kind == sdk.String && t.Optional}
	switch schema.Type() {
	case shim.TypeList, shim.TypeSet:
		if !tfbridge.IsMaxItemsOne(schema, &info.Schema{MaxItemsOne: single}) {
			if t.Kind != sdk.List {
				return nil, false
			}
			t = *t.Element
		}
		return field, field.element(schema.Elem(), t)
	case shim.TypeMap:
		if t.Kind == sdk.Map && single == nil {
			return field, field.element(schema.Elem(), *t.Element)
		}
		return field, single == nil && t.Kind == sdk.Struct && field.element(schema.Elem(), t)
	default:
		return field, single == nil && field.scalar(schema.Type(), t)
	}
}

func (f *Field) element(elem any, t sdk.Type) bool {
	switch elem := elem.(type) {
	case shim.Resource:
		if t.Kind != sdk.Struct {
			return false
		}
		f.Fields, _ = matchObject(elem.Schema(), t.Object)
		return true
	case shim.Schema:
		inner, ok := fit(elem, nil, t)
		if ok {
			f.Kind, f.Fields = inner.Kind, inner.Fields
		}
		return ok
	}
	return true
}

func (f *Field) scalar(terraform shim.ValueType, t sdk.Type) bool {
	switch terraform {
	case shim.TypeString:
		switch t.Kind {
		case sdk.String:
		case sdk.Any:
			f.Kind = Any
		case sdk.Archive:
			f.Kind = Archive
		case sdk.Asset:
			f.Kind = Asset
		case sdk.Bool:
			f.Kind = Bool
		case sdk.Number:
			f.Kind = Number
		default:
			return false
		}
		return true
	case shim.TypeBool, shim.TypeInt, shim.TypeFloat:
		return t.Kind == sdk.Any || (t.Kind == sdk.Bool) == (terraform == shim.TypeBool) &&
			(t.Kind == sdk.Bool || t.Kind == sdk.Number)
	}
	return t.Kind == sdk.Any
}

func ptr(b bool) *bool { return &b }

// snake is the inverse of the bridge's camel case.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
