package pipelineroles

import (
	"testing"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

func TestWhatDiffersFromRunToRunHasANameInCapitals(t *testing.T) {
	for given, want := range map[string]string{
		"arn:aws:ec2:us-east-1:000000000000:vpc/vpc-0a1b2c3d4e5f60718":                                  "arn:aws:ec2:us-east-1:000000000000:vpc/vpc-ID",
		"arn:aws:ec2:us-east-1:000000000000:security-group-rule/sgr-0a1b2c3d":                           "arn:aws:ec2:us-east-1:000000000000:security-group-rule/sgr-ID",
		"arn:aws:ec2:us-east-1:000000000000:vpc/*":                                                      "arn:aws:ec2:us-east-1:000000000000:vpc/*",
		"arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555":                   "arn:aws:kms:us-east-1:000000000000:key/UUID",
		"arn:aws:cloudfront::000000000000:distribution/E1ABCDEF":                                        "arn:aws:cloudfront::000000000000:distribution/ID",
		"arn:aws:apigateway:us-east-1::/apis/ab12cd34ef/stages/$default":                                "arn:aws:apigateway:us-east-1::/apis/ID/stages/$default",
		"arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2Fab12cd3": "arn:aws:apigateway:us-east-1::/tags/arn:aws:apigateway:us-east-1::/apis/ID",
		"arn:aws:elasticloadbalancing:us-east-1:0:listener/app/ours/0123456789abcdef/0123456789abcdef":  "arn:aws:elasticloadbalancing:us-east-1:0:listener/app/ours/ID",
		"arn:aws:elasticloadbalancing:us-east-1:0:targetgroup/ours-1a2b3c4/0123456789abcdef":            "arn:aws:elasticloadbalancing:us-east-1:0:targetgroup/ours-HEX/ID",
		"arn:aws:lambda:us-east-1:000000000000:function:gatehouse-local-edge-origin-1a2b3c4:1":          "arn:aws:lambda:us-east-1:000000000000:function:gatehouse-local-edge-origin-HEX:1",
		"arn:aws:lambda:us-east-1:000000000000:function:gatehouse-local-rotator:$LATEST":                "arn:aws:lambda:us-east-1:000000000000:function:gatehouse-local-rotator:$LATEST",
		"arn:aws:elasticloadbalancing:us-east-1:0:listener/app/ours/qugizlpcsbedsa17/*":                 "arn:aws:elasticloadbalancing:us-east-1:0:listener/app/ours/ID/*",
		"arn:aws:ssm:us-east-1:0:parameter/gatehouse/local/origin-key/20261129T125542.354Z-00ab":        "arn:aws:ssm:us-east-1:0:parameter/gatehouse/local/origin-key/KEY",
		"arn:aws:s3:::gatehouse-local-logs-2026112914195623030000000d/*":                                "arn:aws:s3:::gatehouse-local-logs-SUFFIX/*",
		"arn:aws:route53:::hostedzone/Z0123456789":                                                      "arn:aws:route53:::hostedzone/ZONE",
		"arn:aws:logs:us-east-1:0:log-group:/gatehouse/local/flow-logs:log-stream:":                     "arn:aws:logs:us-east-1:0:log-group:/gatehouse/local/flow-logs:log-stream:",
	} {
		if got := normal(given); got != want {
			t.Errorf("%s is %s, want %s", given, got, want)
		}
	}
}

func TestALineHasTheConditionsThatCount(t *testing.T) {
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
