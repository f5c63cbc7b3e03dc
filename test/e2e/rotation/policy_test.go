package rotation

import (
	"slices"
	"testing"
)

const document = `{"Version": "2012-10-17", "Statement": [
	{"Sid": "One", "Effect": "Allow", "Action": ["s:A", "s:B"], "Resource": ["arn:x"], "Condition": {"StringLike": {"k": "v"}}},
	{"Sid": "Two", "Effect": "Allow", "Action": "s:C", "Resource": "*"}]}`

func TestPolicyWithout(t *testing.T) {
	p, err := parsePolicy(document)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.actions(); !slices.Equal(got, []string{"s:A", "s:B", "s:C"}) {
		t.Errorf("actions: got %v", got)
	}
	for action, want := range map[string]string{
		"s:A": `{"Version":"2012-10-17","Statement":[{"Action":["s:B"],"Condition":{"StringLike":{"k":"v"}},"Effect":"Allow","Resource":["arn:x"],"Sid":"One"},` +
			`{"Action":["s:C"],"Effect":"Allow","Resource":"*","Sid":"Two"}]}`,
		"s:C": `{"Version":"2012-10-17","Statement":[{"Action":["s:A","s:B"],"Condition":{"StringLike":{"k":"v"}},"Effect":"Allow","Resource":["arn:x"],"Sid":"One"}]}`,
	} {
		if got, had, err := p.without(action); err != nil || !had || got != want {
			t.Errorf("without %s: %v, %v\n%s", action, had, err, got)
		}
	}
	if _, had, _ := p.without("s:D"); had {
		t.Error("had an action that it has not")
	}
	if got := p.actions(); len(got) != 3 || p.text != document {
		t.Error("the policy itself was changed")
	}
}

func TestAPolicyIsNeverEmpty(t *testing.T) {
	p, err := parsePolicy(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s:A", "Resource": "*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	reduced, _, _ := p.without("s:A")
	left, err := parsePolicy(reduced)
	if err != nil || !slices.Equal(left.actions(), []string{"sts:GetCallerIdentity"}) {
		t.Errorf("got %s, %v", reduced, err)
	}
}

func TestMalformedPolicy(t *testing.T) {
	if _, err := parsePolicy("{"); err == nil {
		t.Error("no error")
	}
}
