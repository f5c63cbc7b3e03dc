package diagnosis

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOutput(t *testing.T) {
	const sts = "Preview failed: error calling ConfigureProvider: Retrieving AWS account details: operation error STS: GetCallerIdentity, api error "
	for _, c := range []struct{ said, section, wrong string }{
		{"error: no stack named 'nope' found", "stack-missing", "no stack nope"},
		{"error: unable to open bucket file:///nowhere?no_tmp_dir=true: stat /nowhere", "backend-away", "can't be reached"},
		{"error: getting stack configuration: get stack secrets manager: incorrect passphrase", "passphrase", "not the one"},
		{"error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables", "passphrase", "none is given"},
		{"error: failed to load checkpoint: place 1: unexpected end of JSON input", "state-damaged", "(place 1: unexpected end of JSON input)"},
		{"error: failed to load checkpoint: EOF", "state-damaged", "(EOF)"},
		{"snapshot integrity failure; refusing to use it: resource x refers to missing resource", "state-damaged", "resource x refers"},
		{
			"error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.\n" +
				"  file:///x.json: created by someone@elsewhere (pid 1) at 2026-11-21T08:00:00Z", "stack-locked", "someone@elsewhere (pid 1) at 2026-11-21T08:00:00Z",
		},
		{sts + "ExpiredToken: The security token included in the request is expired", "credentials", "(ExpiredToken)"},
		{sts + "InvalidClientTokenId: The security token included in the request is invalid.", "credentials", "(InvalidClientTokenId)"},
		{"Preview failed: error calling ConfigureProvider: No valid credential sources found: Please see https://…", "credentials", "no AWS credentials"},
		{
			"AccessDeniedException: User: arn:aws:iam::1:user/u is not authorized to perform: logs:CreateLogGroup on resource: arn:aws:logs:x with an explicit deny",
			"permission-missing", "arn:aws:iam::1:user/u may not logs:CreateLogGroup on arn:aws:logs:x.",
		},
		{"api error AccessDenied: Access Denied", "permission-missing", "doesn't say what"},
		{
			"Policies:\n    ❌ gatehouse@v1.0.0 (local: policy)\n        - [mandatory]  encryption  (aws:sqs:Queue: letters)\n          What is kept is encrypted.",
			"rule-broken", "encryption by aws:sqs:Queue: letters",
		},
		{"the origin key that this update would send to CloudFront is no longer accepted: …", "old-key", "a key that no longer exists"},
		{"no origin key is known to every authorizer for sure: the oldest of [a b] was made less than 6m30s ago; update again in 4m", "old-key", "old enough"},
		{"this machine's clock is 3m0s ahead of the API's, and may differ by 1m0s at most: …", "clock", "clock is wrong"},
		{
			"InvalidParameterValueException: Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [10].",
			"quota-of-functions", "too low to reserve",
		},
		{
			"BadRequestException: Warnings found during import: unexpected attribute responseTransferMode", "streaming-refused", "unexpected attribute responseTransferMode",
		},
		{`unable to delete resource "urn:x" as it is currently marked for protection. To unprotect the resource, remove the protect flag`, "protected", "what is protected"},
		{`failed to lookup token, err=Get "https://vault.example:8200/v1/auth/token/lookup-self": dial tcp: i/o timeout`, "vault-away", "Vault at https://vault.example:8200 can't"},
		{"failed to lookup token, err=context deadline exceeded", "vault-away", "Vault can't"},
		{"the Vault at http://v answers 503 to GET sys/mounts: Vault is sealed", "vault-away", "sealed"},
		{"error: no vault token set on Client", "vault-token", "no token"},
		{
			"failed to lookup token, err=Error making API request.\n\nURL: GET https://vault.example:8200/v1/auth/token/lookup-self\nCode: 403. Errors:\n\n* permission denied",
			"vault-token", "doesn't accept",
		},
		{
			`configured Kubernetes cluster is unreachable: unable to load schema information from the API server: Get "https://127.0.0.1:6443/openapi/v2?timeout=32s": dial tcp: connection refused`,
			"cluster-away", "cluster at https://127.0.0.1:6443 can't",
		},
		{
			"configured Kubernetes cluster is unreachable: unable to load schema information from the API server: the server has asked for the client to provide credentials",
			"cluster-credentials", "doesn't accept",
		},
	} {
		findings := Output(c.said)
		require.Len(t, findings, 1, c.said)
		assert.Equal(t, c.section, findings[0].Section)
		assert.Contains(t, findings[0].Wrong, c.wrong)
		assert.NotEmpty(t, findings[0].Next, c.said)
	}
	assert.Empty(t, Output("error: something new"))
}

func TestAHundredMessagesAreOneFinding(t *testing.T) {
	denied := func(action string) string {
		return "User: arn:aws:iam::1:user/u is not authorized to perform: " + action + " on resource: *\n"
	}
	findings := Output(strings.Repeat(denied("logs:B"), 50) + strings.Repeat(denied("logs:A"), 50))
	require.Len(t, findings, 1)
	assert.Equal(t, "arn:aws:iam::1:user/u may not logs:A on *, logs:B on *.", findings[0].Wrong)
}

const (
	own     = `{"urn": "urn:pulumi:prod::gatehouse::aws:iam/role:Role::model-role"}`
	another = `{"urn": "urn:pulumi:dev::gatehouse::aws:iam/role:Role::model-role"}`
)

func TestState(t *testing.T) {
	summary, findings := State([]byte(`{"deployment": {"resources": [`+own+`]}}`), "gatehouse", "prod")
	assert.Empty(t, findings)
	assert.Equal(t, Summary{Resources: 1}, summary)

	for name, c := range map[string]struct{ exported, section, wrong string }{
		"damaged": {`{"deploy`, "state-damaged", "unexpected end of JSON"},
		"foreign": {`{"deployment": {"resources": [` + own + `,` + another + `]}}`, "state-foreign", "1 resources of the state are not of the stack prod of gatehouse, such as urn:pulumi:dev"},
		"killed":  {`{"deployment": {"resources": [], "pending_operations": [{"type": "creating", "resource": ` + own + `}]}}`, "up-killed", "creating model-role"},
	} {
		t.Run(name, func(t *testing.T) {
			_, findings := State([]byte(c.exported), "gatehouse", "prod")
			require.Len(t, findings, 1)
			assert.Equal(t, c.section, findings[0].Section)
			assert.Contains(t, findings[0].Wrong, c.wrong)
		})
	}
}

func TestEveryFindingHasASectionInTheRunbook(t *testing.T) {
	text, err := os.ReadFile("../../docs/runbook.md")
	require.NoError(t, err)
	var sections []string
	for _, match := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(text), -1) {
		sections = append(sections, match[1])
	}
	findings := []Finding{damaged(""), foreignState(1, "", "", ""), killed(nil), fewStreams(""), noRouteToDynamoDB(nil)}
	for _, s := range all() {
		findings = append(findings, s.finding([][]string{make([]string, s.pattern.NumSubexp()+1)}))
	}
	for _, f := range findings {
		assert.Contains(t, sections, f.Section)
	}
}

func TestAFindingIsShownWithItsSteps(t *testing.T) {
	f := Finding{Section: "x", Wrong: "It is wrong.", Next: []string{"Look.", "Fix it."}}
	assert.Equal(t, "It is wrong.\n  1. Look.\n  2. Fix it.\n  docs/runbook.md#x", f.String())
}
