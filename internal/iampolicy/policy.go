// Package iampolicy renders IAM policy documents. Every component that declares a role
// or a resource policy uses it.
package iampolicy

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Statement is one statement of a policy. It allows its actions unless Deny is set.
type Statement struct {
	Sid        string
	Deny       bool
	Actions    []string
	Resources  pulumi.StringArray
	Principal  Principal
	Conditions []Condition
}

// Principal is the principal of a statement in a resource policy or a trust policy.
// Identity policies leave it empty.
type Principal struct {
	Type string // "Service" or "AWS"
	ID   pulumi.StringInput
}

// AnyPrincipal matches every principal.
var AnyPrincipal = Principal{Type: "AWS", ID: pulumi.String("*")}

// Condition is one condition of a statement, as in StringEquals, aws:SourceAccount, "1".
type Condition struct {
	Operator string
	Key      string
	Value    pulumi.StringInput
	Values   []string // in place of Value: one of them must match
}

// Document returns the policy document of statements as JSON.
func Document(statements ...Statement) pulumi.StringOutput {
	all := make([]any, len(statements))
	for i, s := range statements {
		all[i] = s.json()
	}
	return pulumi.JSONMarshal(map[string]any{"Version": "2012-10-17", "Statement": all})
}

func (s Statement) json() map[string]any {
	out := map[string]any{"Sid": s.Sid, "Effect": "Allow", "Action": s.Actions}
	if s.Deny {
		out["Effect"] = "Deny"
	}
	if len(s.Resources) > 0 {
		out["Resource"] = s.Resources
	}
	if s.Principal.Type != "" {
		out["Principal"] = map[string]any{s.Principal.Type: s.Principal.ID}
	}
	if len(s.Conditions) > 0 {
		out["Condition"] = conditionsJSON(s.Conditions)
	}
	return out
}

func conditionsJSON(conditions []Condition) map[string]any {
	operators := map[string]any{}
	for _, c := range conditions {
		values, ok := operators[c.Operator].(map[string]any)
		if !ok {
			values = map[string]any{}
			operators[c.Operator] = values
		}
		values[c.Key] = c.Value
		if len(c.Values) > 0 {
			values[c.Key] = c.Values
		}
	}
	return operators
}
