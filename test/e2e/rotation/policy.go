package rotation

import (
	"encoding/json"
	"fmt"
	"slices"
)

// policy is an IAM policy document, of which only the actions matter here, and its
// text as it was.
type policy struct {
	Version   string
	Statement []map[string]any

	text string
}

func parsePolicy(document string) (policy, error) {
	var p policy
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		return policy{}, fmt.Errorf("read the policy: %w", err)
	}
	p.text = document
	return p, nil
}

// actions returns every action that the policy names, each once.
func (p policy) actions() []string {
	var all []string
	for _, statement := range p.Statement {
		all = append(all, actionsOf(statement)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// without returns the document without the action. A statement that had no other
// is left out; false says that none had it. A policy needs a statement, so the last
// one is then made to allow something harmless instead.
func (p policy) without(action string) (document string, had bool, err error) {
	left := policy{Version: p.Version, Statement: []map[string]any{}}
	for _, statement := range p.Statement {
		actions := actionsOf(statement)
		kept := slices.DeleteFunc(slices.Clone(actions), func(one string) bool { return one == action })
		had = had || len(kept) < len(actions)
		if len(kept) == 0 {
			continue
		}
		changed := map[string]any{}
		for name, value := range statement {
			changed[name] = value
		}
		changed["Action"] = kept
		left.Statement = append(left.Statement, changed)
	}
	if len(left.Statement) == 0 {
		left.Statement = []map[string]any{{"Effect": "Allow", "Action": []string{"sts:GetCallerIdentity"}, "Resource": "*"}}
	}
	content, err := json.Marshal(left)
	return string(content), had, err
}

func actionsOf(statement map[string]any) []string {
	switch action := statement["Action"].(type) {
	case string:
		return []string{action}
	case []any:
		var all []string
		for _, one := range action {
			all = append(all, fmt.Sprint(one))
		}
		return all
	}
	return nil
}
