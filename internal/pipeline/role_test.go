package pipeline

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// role has all statements of one role's policies.
type role []allowed

// context has the condition keys of a request with their values.
type context map[string][]string

func deployRole(t testing.TB) role {
	p := load(t)
	return roleOf(names("dev"), slices.Concat(p.reading(), p.writing())...)
}

func previewRole(t testing.TB) role {
	return roleOf(names("dev"), load(t).reading()...)
}

func verifyRole(t testing.TB) role {
	return roleOf(names("dev"), load(t).verifying())
}

func roleOf(n Names, documents ...document) role {
	var all role
	for _, d := range documents {
		all = append(all, d.filled(n)...)
	}
	return all
}

// allows evaluates the statements like IAM: one of them must match the action, the resource
// and all of its conditions.
func (r role) allows(action, resource string, given context) bool {
	return slices.ContainsFunc(r, func(s allowed) bool {
		return slices.ContainsFunc(s.Action, func(pattern string) bool { return pattern == action || matches(pattern, action) }) &&
			slices.ContainsFunc(s.Resource, func(pattern string) bool { return matches(pattern, resource) }) &&
			s.Condition.hold(given)
	})
}

// mayCall reports whether there is a resource, and a request, for which an action is
// allowed.
func (r role) mayCall(action string) bool {
	return slices.ContainsFunc(r, func(s allowed) bool { return slices.Contains(s.Action, action) })
}

// hold reports whether all conditions are met.
func (c conditions) hold(given context) bool {
	for operator, tests := range c {
		for key, wanted := range tests {
			if !holds(operator, wanted, given.values(key)) {
				return false
			}
		}
	}
	return true
}

// values are those of a key. IAM doesn't distinguish keys by case.
func (c context) values(key string) []string {
	for name, found := range c {
		if strings.EqualFold(name, key) {
			return found
		}
	}
	return nil
}

func holds(operator string, wanted, found []string) bool {
	some := func(value string) bool {
		return slices.ContainsFunc(wanted, func(pattern string) bool {
			return pattern == value || strings.HasSuffix(operator, "StringLike") && matches(pattern, value)
		})
	}
	switch operator {
	case "Null":
		return (len(found) == 0) == slices.Contains(wanted, "true")
	case "ForAllValues:StringEquals", "ForAllValues:StringLike":
		return !slices.ContainsFunc(found, func(value string) bool { return !some(value) })
	case "StringEquals", "StringLike":
		return slices.ContainsFunc(found, some)
	default:
		panic("no such operator here: " + operator)
	}
}

// matches compares like IAM: an asterisk matches any characters.
func matches(pattern, text string) bool {
	quoted := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
	return regexp.MustCompile("^" + quoted + "$").MatchString(text)
}

func TestRoleEvaluatesStatementsLikeIAM(t *testing.T) {
	const vpc = "arn:aws:ec2:us-east-1:1:vpc/vpc-1"
	r := role{
		{Action: []string{"ec2:DeleteVpc"}, Resource: []string{"arn:aws:ec2:*:1:vpc/*"}, Condition: conditions{
			"StringEquals": {"aws:ResourceTag/stack": {"dev"}}, "Null": {"aws:RequestTag/stack": {"true"}},
		}},
		{Action: []string{"kms:Decrypt"}, Resource: []string{"*"}, Condition: conditions{"StringLike": {"kms:EncryptionContext:A": {"x/*"}}}},
		{Action: []string{"dynamodb:PutItem"}, Resource: []string{"*"}, Condition: conditions{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": {"I#*"}}}},
	}
	assert.True(t, r.allows("dynamodb:PutItem", "arn:t", context{"dynamodb:LeadingKeys": {"I#a", "I#b"}}))
	assert.False(t, r.allows("dynamodb:PutItem", "arn:t", context{"dynamodb:LeadingKeys": {"I#a", "C#b"}}))
	assert.True(t, r.allows("dynamodb:PutItem", "arn:t", nil), "all of no values")
	assert.True(t, r.allows("ec2:DeleteVpc", vpc, context{"aws:resourcetag/stack": {"dev"}}))
	assert.False(t, r.allows("ec2:DeleteVpc", vpc, context{"aws:resourcetag/stack": {"prod"}}))
	assert.False(t, r.allows("ec2:DeleteVpc", vpc, nil))
	assert.False(t, r.allows("ec2:DeleteVpc", vpc, context{"aws:ResourceTag/stack": {"dev"}, "aws:RequestTag/stack": {"dev"}}))
	assert.False(t, r.allows("ec2:DeleteVpc", "arn:aws:ec2:us-east-1:1:subnet/s", context{"aws:ResourceTag/stack": {"dev"}}))
	assert.True(t, r.allows("kms:Decrypt", "arn:k", context{"kms:EncryptionContext:A": {"x/y"}}))
	assert.False(t, r.allows("kms:Decrypt", "arn:k", context{"kms:EncryptionContext:A": {"y"}}))
}
