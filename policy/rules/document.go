package rules

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// statement is a statement of an IAM policy document.
type statement struct {
	Effect                                   string
	Action, NotAction, Resource, NotResource stringList
	Principal, NotPrincipal                  principals
	Condition                                map[string]map[string]stringList
}

// stringList is one string or a list of strings in JSON.
type stringList []string

func (l *stringList) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = stringList{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(l))
}

// principals are the principals of a statement by kind: "AWS", "Service", "Federated". In
// JSON, an asterisk alone matches any principal.
type principals map[string]stringList

func (p *principals) UnmarshalJSON(data []byte) error {
	var anyPrincipal string
	if json.Unmarshal(data, &anyPrincipal) == nil {
		*p = principals{"AWS": {anyPrincipal}}
		return nil
	}
	return json.Unmarshal(data, (*map[string]stringList)(p))
}

// allowed returns the statements with the effect Allow in the policies of r, and a problem
// for each policy that can't be decoded.
func allowed(r Resource) ([]statement, problems) {
	if !strings.HasPrefix(r.Type, "aws:") {
		return nil, nil // Vault's policies, for example, have a language of their own
	}
	policies := map[string]value{"policy": r.at("policy"), "assumeRolePolicy": r.at("assumeRolePolicy")}
	for i, inline := range r.at("inlinePolicies").each() {
		policies[fmt.Sprintf("inlinePolicies[%d]", i)] = inline.at("policy")
	}
	if document, ok := body(r); ok && r.Type == restAPI {
		policies["body's policy"] = packed(document.at("x-amazon-apigateway-policy"))
	}
	var all []statement
	var unread problems
	for _, input := range slices.Sorted(maps.Keys(policies)) {
		policy := policies[input]
		if !policy.isSet() || policy.IsComputed() {
			continue
		}
		found, err := statements(policy.text())
		unread.unless(err == nil, fmt.Sprintf("its %s can't be checked: it is not a policy document in JSON", input))
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

// limits reports whether a condition of the statement restricts a key to values other than
// an asterisk.
func (s statement) limits(key func(string) bool) bool {
	for _, keys := range s.Condition {
		for name, values := range keys {
			if key(name) && len(values) > 0 && !slices.Contains(values, "*") {
				return true
			}
		}
	}
	return false
}
