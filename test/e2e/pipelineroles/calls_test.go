package pipelineroles

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// by returns the calls of a role, given its name or ARN.
func by(calls []awsclient.Call, role string) []awsclient.Call {
	name := "/" + role[strings.LastIndexByte(role, '/')+1:] + "/"
	return slices.DeleteFunc(slices.Clone(calls), func(c awsclient.Call) bool { return !strings.Contains(c.Principal, name) })
}

// denials returns the calls that IAM denied, each once.
func denials(calls []awsclient.Call) []string {
	found := map[string]bool{}
	for _, c := range calls {
		if !c.Allowed {
			found[c.Action+" on "+c.Resource] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// lines returns the lines of calls, each once.
func lines(calls []awsclient.Call) []string {
	found := map[string]bool{}
	for _, c := range calls {
		found[line(c)] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// record is the content of calls.txt: what each role called in a deployment, from which the
// permissions of the roles follow.
type record map[string][]string

const recordHead = `# What the pipeline's roles called when they previewed, deployed, changed and destroyed
# the local stack: role, action, resource, and the conditions that permissions.yaml knows.
# What differs from run to run has names in capitals. "make local-deploy-test RECORD=1"
# writes it.
`

func recordPath(l checkout.Layout) string { return l.Root + "/internal/pipeline/calls.txt" }

func (r record) String() string {
	var out strings.Builder
	out.WriteString(recordHead)
	for _, role := range slices.Sorted(maps.Keys(r)) {
		for _, called := range r[role] {
			fmt.Fprintf(&out, "%s %s\n", role, called)
		}
	}
	return out.String()
}

// compare returns how this record differs from the committed one.
func (r record) compare(committed string) []string {
	var problems []string
	before, now := strings.Split(committed, "\n"), strings.Split(r.String(), "\n")
	for _, line := range now {
		if !slices.Contains(before, line) {
			problems = append(problems, line+" is new")
		}
	}
	for _, line := range before {
		if !slices.Contains(now, line) {
			problems = append(problems, line+" is no longer called")
		}
	}
	return problems
}

// check compares the record with the committed one, or replaces that.
func (r record) check(l checkout.Layout, replace bool) error {
	if replace {
		return checkout.WriteFile(recordPath(l), []byte(r.String()), 0o644)
	}
	committed, err := os.ReadFile(recordPath(l))
	if err != nil {
		return err
	}
	if problems := r.compare(string(committed)); len(problems) > 0 {
		return fmt.Errorf("the calls of the deployment differ from internal/pipeline/calls.txt; "+
			"record them with `make local-deploy-test RECORD=1`; `make test` then says what the permissions lack:\n  %s",
			strings.Join(problems, "\n  "))
	}
	return nil
}

// rotated reports whether the rotator, whose permissions are limited by the boundary, could do
// its work.
func rotated(calls []awsclient.Call) bool {
	return slices.ContainsFunc(by(calls, "gatehouse-"+pulumicli.StackName+"-rotator"), func(c awsclient.Call) bool {
		return c.Allowed && c.Action == "cloudfront:GetDistribution"
	})
}

// conditionKeys are the condition keys that permissions.yaml uses, as IAM spells them.
var conditionKeys = []string{
	"aws:RequestTag/project", "aws:RequestTag/stack", "aws:ResourceTag/project", "aws:ResourceTag/stack",
	"dynamodb:LeadingKeys", "ec2:CreateAction", "iam:AWSServiceName", "iam:PassedToService", "iam:PermissionsBoundary",
	"kms:EncryptionContext:PARAMETER_ARN", "kms:ViaService", "route53:ChangeResourceRecordSetsRecordTypes",
}

// line returns a call as calls.txt has it: action, resource, and key=value for each
// condition.
func line(c awsclient.Call) string {
	parts := []string{c.Action, normal(c.Resource)}
	for _, key := range conditionKeys {
		for _, value := range values(c.Conditions[strings.ToLower(key)]) {
			parts = append(parts, key+"="+normal(value))
		}
	}
	return strings.Join(parts, " ")
}

func values(given any) []string {
	switch given := given.(type) {
	case nil:
		return nil
	case []any:
		var all []string
		for _, one := range given {
			all = append(all, fmt.Sprint(one))
		}
		slices.Sort(all)
		return slices.Compact(all)
	default:
		return []string{fmt.Sprint(given)}
	}
}

// variable has the parts of ARNs that differ from run to run, with their placeholders.
var variable = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "UUID"},
	{regexp.MustCompile(`\b(acl|eigw|eipalloc|eipassoc|eni|fl|igw|nat|rtb|rtbassoc|sg|sgr|subnet|vpc|vpce)-[0-9a-f]{8,17}\b`), "$1-ID"},
	{regexp.MustCompile(`\b(distribution|change)/[0-9A-Za-z]+`), "$1/ID"},
	{regexp.MustCompile(`\bhostedzone/[0-9A-Za-z]+`), "hostedzone/ZONE"},
	{regexp.MustCompile(`/(apis|authorizers|deployments|integrations|restapis|routes|vpclinks)/[0-9a-z]+`), "/$1/ID"},
	{regexp.MustCompile(`\bdelivery:[0-9A-Za-z]+`), "delivery:ID"},
	{regexp.MustCompile(`\b(listener/app|loadbalancer/app|targetgroup)/([^/]+)(/[0-9a-z]{16}){1,2}`), "$1/$2/ID"},
	{regexp.MustCompile(`\borigin-key/[0-9A-Za-z.-]+`), "origin-key/KEY"},
	{regexp.MustCompile(`\bC#verify-[0-9a-z]+`), "C#verify-ID"},
	{regexp.MustCompile(`\bK#[0-9A-Za-z_-]+`), "K#DIGEST"},
	{regexp.MustCompile(`\bCloudFront/[0-9A-Z]+\.[0-9-]+\.[0-9a-f]+\.gz\b`), "CloudFront/LOG"},
	{regexp.MustCompile(`-[0-9]{18}[0-9a-f]{8}\b`), "-SUFFIX"}, // that Terraform gives to a prefix
	{regexp.MustCompile(`-[0-9a-f]{7}($|[/:])`), "-HEX$1"},
}

// normal returns an ARN without what differs from run to run. An escaped ARN within another
// is normalized as well.
func normal(arn string) string {
	if plain, err := url.PathUnescape(arn); err == nil {
		arn = plain
	}
	for _, v := range variable {
		arn = v.pattern.ReplaceAllString(arn, v.name)
	}
	return strings.ReplaceAll(arn, " ", "+")
}

var exampleCalls = []awsclient.Call{
	{N: 1, Action: "iam:GetRole", Resource: "r", Principal: "arn:aws:sts::1:assumed-role/gatehouse-local-preview/pipeline-test", Allowed: true},
	{N: 2, Action: "iam:CreateRole", Resource: "r", Principal: "arn:aws:sts::1:assumed-role/gatehouse-local-deploy/pipeline-test", Allowed: false},
	{N: 3, Action: "iam:GetRole", Resource: "r", Principal: "arn:aws:sts::1:assumed-role/gatehouse-local-deploy/pipeline-test", Allowed: true},
	{N: 4, Action: "iam:GetRole", Resource: "q", Principal: "arn:aws:sts::1:assumed-role/gatehouse-local-deploy/pipeline-test", Allowed: true},
	{N: 5, Action: "ssm:PutParameter", Resource: "p", Principal: "arn:aws:sts::1:assumed-role/gatehouse-local-rotator/gatehouse-local-rotator", Allowed: true},
}

func TestCallsBy(t *testing.T) {
	deploy := by(exampleCalls, "arn:aws:iam::1:role/pipeline/gatehouse-local-deploy")
	if got := lines(deploy); !slices.Equal(got, []string{"iam:CreateRole r", "iam:GetRole q", "iam:GetRole r"}) {
		t.Errorf("got %v", got)
	}
	if got := denials(deploy); !slices.Equal(got, []string{"iam:CreateRole on r"}) {
		t.Errorf("got %v", got)
	}
	if got := denials(by(exampleCalls, "gatehouse-local-preview")); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}

func TestRecordCompare(t *testing.T) {
	before := record{"deploy": {"iam:CreateRole", "iam:GetRole"}, "preview": {"iam:GetRole"}}
	if got := before.compare(before.String()); len(got) > 0 {
		t.Errorf("the same differs: %v", got)
	}
	now := record{"deploy": {"iam:GetRole", "iam:TagRole"}, "preview": {"iam:GetRole"}}
	want := []string{"deploy iam:TagRole is new", "deploy iam:CreateRole is no longer called"}
	if got := now.compare(before.String()); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWithout(t *testing.T) {
	var left []int
	for _, c := range without(exampleCalls, []span{{1, 3}}) {
		left = append(left, c.N)
	}
	if !slices.Equal(left, []int{1, 4, 5}) {
		t.Errorf("got %v", left)
	}
}

func TestNormal(t *testing.T) {
	for given, want := range map[string]string{
		"arn:aws:ec2:us-east-1:000000000000:vpc/vpc-0a1b2c3d4e5f60718":                                  "arn:aws:ec2:us-east-1:000000000000:vpc/vpc-ID",
		"arn:aws:ec2:us-east-1:000000000000:security-group-rule/sgr-0a1b2c3d":                           "arn:aws:ec2:us-east-1:000000000000:security-group-rule/sgr-ID",
		"arn:aws:ec2:us-east-1:000000000000:vpc/*":                                                      "arn:aws:ec2:us-east-1:000000000000:vpc/*",
		"arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555":                   "arn:aws:kms:us-east-1:000000000000:key/UUID",
		"arn:aws:cloudfront::000000000000:distribution/E1ABCDEF":                                        "arn:aws:cloudfront::000000000000:distribution/ID",
		"arn:aws:apigateway:us-east-1::/apis/ab12cd34ef/stages/$default":                                "arn:aws:apigateway:us-east-1::/apis/ID/stages/$default",
		"arn:aws:apigateway:us-east-1::/restapis/283e3d87/deployments/a3f9963f":                         "arn:aws:apigateway:us-east-1::/restapis/ID/deployments/ID",
		"arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2Fab12cd3": "arn:aws:apigateway:us-east-1::/tags/arn:aws:apigateway:us-east-1::/apis/ID",
		"arn:aws:elasticloadbalancing:us-east-1:0:listener/app/ours/0123456789abcdef/0123456789abcdef":  "arn:aws:elasticloadbalancing:us-east-1:0:listener/app/ours/ID",
		"arn:aws:elasticloadbalancing:us-east-1:0:targetgroup/ours-1a2b3c4/0123456789abcdef":            "arn:aws:elasticloadbalancing:us-east-1:0:targetgroup/ours-HEX/ID",
		"arn:aws:lambda:us-east-1:000000000000:function:gatehouse-local-edge-origin-1a2b3c4:1":          "arn:aws:lambda:us-east-1:000000000000:function:gatehouse-local-edge-origin-HEX:1",
		"arn:aws:lambda:us-east-1:000000000000:function:gatehouse-local-rotator:$LATEST":                "arn:aws:lambda:us-east-1:000000000000:function:gatehouse-local-rotator:$LATEST",
		"arn:aws:elasticloadbalancing:us-east-1:0:listener/app/ours/qugizlpcsbedsa17/*":                 "arn:aws:elasticloadbalancing:us-east-1:0:listener/app/ours/ID/*",
		"arn:aws:ssm:us-east-1:0:parameter/gatehouse/local/origin-key/20261129T125542.354Z-00ab":        "arn:aws:ssm:us-east-1:0:parameter/gatehouse/local/origin-key/KEY",
		"arn:aws:s3:::gatehouse-local-logs-2026112914195623030000000d/*":                                "arn:aws:s3:::gatehouse-local-logs-SUFFIX/*",
		"arn:aws:s3:::ours/AWSLogs/000000000000/CloudFront/E1ABC.2026-12-01-11.0a1b2c3d.gz":             "arn:aws:s3:::ours/AWSLogs/000000000000/CloudFront/LOG",
		"arn:aws:route53:::hostedzone/Z0123456789":                                                      "arn:aws:route53:::hostedzone/ZONE",
		"arn:aws:logs:us-east-1:0:log-group:/gatehouse/local/flow-logs:log-stream:":                     "arn:aws:logs:us-east-1:0:log-group:/gatehouse/local/flow-logs:log-stream:",
	} {
		if got := normal(given); got != want {
			t.Errorf("%s is %s, want %s", given, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	got := line(awsclient.Call{Action: "route53:ChangeResourceRecordSets", Resource: "r", Conditions: map[string]any{
		"aws:requesttag/name": "n", "aws:requesttag/stack": "local",
		"route53:changeresourcerecordsetsrecordtypes": []any{"CNAME", "A", "A"},
	}})
	const want = "route53:ChangeResourceRecordSets r aws:RequestTag/stack=local" +
		" route53:ChangeResourceRecordSetsRecordTypes=A route53:ChangeResourceRecordSetsRecordTypes=CNAME"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
