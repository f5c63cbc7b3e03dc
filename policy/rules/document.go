package rules

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// statement is one of an IAM policy document.
type statement struct {
	Effect                                   string
	Action, NotAction, Resource, NotResource texts
	Principal, NotPrincipal                  principals
	Condition                                map[string]map[string]texts
}

// texts are one text or a list of them in JSON.
type texts []string

func (t *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// principals are whom a statement names, by kind: "AWS", "Service", "Federated". In
// JSON, a star alone stands for everybody.
type principals map[string]texts

func (p *principals) UnmarshalJSON(data []byte) error {
	var everybody string
	if json.Unmarshal(data, &everybody) == nil {
		*p = principals{"AWS": {everybody}}
		return nil
	}
	return json.Unmarshal(data, (*map[string]texts)(p))
}

// allowed returns the statements that allow something in the policies of r, and
// what can't be read of them.
func allowed(r Resource) ([]statement, problems) {
	if !strings.HasPrefix(r.Type, "aws:") {
		return nil, nil // Vault's policies, for one, are in a language of their own
	}
	policies := map[string]value{"policy": r.at("policy"), "assumeRolePolicy": r.at("assumeRolePolicy")}
	for i, inline := range r.at("inlinePolicies").each() {
		policies[fmt.Sprintf("inlinePolicies[%d]", i)] = inline.at("policy")
	}
	var all []statement
	var unread problems
	for _, input := range slices.Sorted(maps.Keys(policies)) {
		policy := policies[input]
		if !policy.isSet() || policy.IsComputed() {
			continue
		}
		found, err := statements(policy.text())
		unread.unless(err == nil, fmt.Sprintf("its %s can't be reviewed: it is no policy document in JSON", input))
		all = append(all, found...)
	}
	return slices.DeleteFunc(all, func(s statement) bool { return s.Effect != "Allow" }), unread
}

func statements(policy string) ([]statement, error) {
	var document struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(policy), &document); err != nil {
		return nil, err
	}
	var one statement
	if json.Unmarshal(document.Statement, &one) == nil {
		return []statement{one}, nil
	}
	var list []statement
	err := json.Unmarshal(document.Statement, &list)
	return list, err
}

// limits reports whether a condition of the statement narrows down a key to values
// without a star.
func (s statement) limits(key func(string) bool) bool {
	for _, tests := range s.Condition {
		for name, values := range tests {
			if key(name) && len(values) > 0 && !slices.Contains(values, "*") {
				return true
			}
		}
	}
	return false
}
