package diagnosis

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// message is what an official plugin, or AWS through it, says.
type message struct {
	source  string // where the text is from
	said    string
	section string   // of the runbook
	wrong   []string // in the finding
}

const eks = "https://ABC.gr7.eu-west-1.eks.amazonaws.com"

// messages are the official plugins' own words.
var messages = []message{
	{
		"client-go plugin/pkg/client/auth/exec, pulumi-kubernetes provider.go (Configure)",
		`error: configured Kubernetes cluster is unreachable: unable to load schema information from the API server: Get "` + eks + `/openapi/v2?timeout=32s": getting credentials: exec: executable aws failed with exit code 255`,
		"cluster-credentials",
		[]string{"gets the cluster's credentials", "executable aws failed with exit code 255"},
	},
	{
		"the same, without the program",
		`error: configured Kubernetes cluster is unreachable: unable to load schema information from the API server: Get "` + eks + `/openapi/v2?timeout=32s": getting credentials: exec: executable aws not found` + "\n\nIt looks like you are trying to use a client-go credential plugin that is not installed.",
		"cluster-credentials",
		[]string{"executable aws not found"},
	},
	{
		"pulumi-kubernetes provider.go (Configure), pulumi/docs#15374",
		"error: configured Kubernetes cluster is unreachable: unable to load schema information from the API server: the server has asked for the client to provide credentials",
		"cluster-credentials",
		[]string{"doesn't accept"},
	},
	{
		"pulumi-kubernetes util.go (parseKubeconfigPropertyValue), from DiffConfig; client-go tools/clientcmd",
		`error: failed to parse kubeconfig: couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }`,
		"cluster-credentials",
		[]string{"can't be read", "the state has"},
	},
	{
		"pulumi-kubernetes provider.go (Configure)",
		"error: configured Kubernetes cluster is unreachable: failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- couldn't get version/kind; json parse error: json: cannot unmarshal string",
		"cluster-credentials",
		[]string{"can't be read"},
	},
	{
		"pulumi-kubernetes provider.go (Configure), #2377",
		"error: configured Kubernetes cluster is unreachable: unable to load Kubernetes client configuration from kubeconfig file. Make sure you have: \n\n \t • set up the provider as per https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/ \n\n context \"main\" does not exist",
		"cluster-credentials",
		[]string{"lacks the context"},
	},
	{
		"pulumi-kubernetes provider.go (Configure), Go's net/http",
		`error: configured Kubernetes cluster is unreachable: unable to load schema information from the API server: Get "https://10.0.0.1:6443/openapi/v2?timeout=32s": dial tcp 10.0.0.1:6443: i/o timeout`,
		"cluster-away",
		[]string{"cluster at https://10.0.0.1:6443 can't"},
	},
	{
		"the same, Go's crypto/x509",
		`error: configured Kubernetes cluster is unreachable: unable to load schema information from the API server: Get "https://10.0.0.1:6443/openapi/v2?timeout=32s": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
		"cluster-away",
		[]string{"certificate authority isn't the one"},
	},
	{
		"apiserver pkg/endpoints/handlers/responsewriters (ForbiddenErrorMessage)",
		"error: resource \"urn:pulumi:prod::gatehouse::x::cluster-namespace\" was not successfully created by the Kubernetes API server: namespaces is forbidden: User \"system:serviceaccount:ci:deployer\" cannot create resource \"namespaces\" in API group \"\" at the cluster scope\n" +
			`error: deployments.apps "gatehouse-prod-inference" is forbidden: User "system:serviceaccount:ci:deployer" cannot patch resource "deployments" in API group "apps" in the namespace "gatehouse"`,
		"cluster-permission",
		[]string{"system:serviceaccount:ci:deployer may not create namespaces anywhere, patch deployments.apps in gatehouse."},
	},
	{
		"kubernetes pkg/registry/rbac/validation/rule.go, openshift/cert-manager-operator#282",
		`error: roles.rbac.authorization.k8s.io "gatehouse-prod-issuer-token" is forbidden: user "system:serviceaccount:ci:deployer" (groups=["system:serviceaccounts" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:` + "\n" +
			`{APIGroups:[""], Resources:["serviceaccounts/token"], ResourceNames:["gatehouse-prod-issuer"], Verbs:["create"]}`,
		"cluster-permission",
		[]string{"give no more than it has"},
	},
	{
		"aws-load-balancer-controller webhooks/elbv2/targetgroupbinding_validator.go, klothoplatform/klotho#200",
		`error: 1 error occurred: admission webhook "vtargetgroupbinding.elbv2.k8s.aws" denied the request: TargetGroupBinding update may not change these fields: spec.targetGroupARN`,
		"binding-stuck",
		[]string{"The AWS Load Balancer Controller refuses a TargetGroupBinding"},
	},
	{
		"apiserver pkg/util/webhook/error.go, cert-manager/cert-manager#5483",
		`error: Internal error occurred: failed calling webhook "webhook.cert-manager.io": failed to call webhook: Post "https://cert-manager-webhook.cert-manager.svc:443/mutate?timeout=10s": no endpoints available for service "cert-manager-webhook"`,
		"admission-denied",
		[]string{"webhook.cert-manager.io", "no response"},
	},
	{
		"pulumi-kubernetes await.go (Creation)",
		`error: resource "urn:pulumi:prod::gatehouse::x::certificate-secret" was not successfully created by the Kubernetes API server: secrets "gatehouse-prod-tls" already exists` + "\n\nThe resource already exists in the cluster. This can happen when:",
		"object-exists",
		[]string{`secrets "gatehouse-prod-tls" already`},
	},
	{
		"pulumi-kubernetes provider.go (Create)",
		`error: resource "urn:pulumi:prod::gatehouse::x::workload-deployment" was successfully created, but the Kubernetes API server reported that it failed to fully initialize or become live: 'gatehouse-prod-inference' timed out waiting to be Ready`,
		"pods-not-ready",
		[]string{"weren't ready in time"},
	},
	{
		"terraform-provider-vault internal/provider/meta.go (setClient)",
		"error: no vault token set on Client",
		"vault-token",
		[]string{"no token"},
	},
	{
		"the same; vault api/response.go",
		"error: failed to lookup token, err=Error making API request.\n\nURL: GET https://vault.example.com:8200/v1/auth/token/lookup-self\nCode: 403. Errors:\n\n* 2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n",
		"vault-token",
		[]string{"doesn't accept"},
	},
	{
		"vault api/response.go, sdk/logical/error.go (ErrInvalidToken), in the middle of an update",
		"error: error creating certificate inference.example.com by gatehouse-prod for PKI secret backend \"gatehouse-prod-pki\": Error making API request.\n\nURL: PUT https://vault.example.com:8200/v1/gatehouse-prod-pki/issue/gatehouse-prod\nCode: 403. Errors:\n\n* 2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n",
		"vault-token",
		[]string{"has expired"},
	},
	{
		"terraform-provider-vault internal/provider/meta.go (createChildToken), hashicorp/terraform#24844",
		"error: failed to create limited child token: Error making API request.\n\nURL: POST https://vault.example.com:8200/v1/auth/token/create\nCode: 403. Errors:\n\n* 1 error occurred:\n\t* permission denied\n\n",
		"vault-permission",
		[]string{"POST auth/token/create."},
	},
	{
		"terraform-provider-vault vault/resource_policy.go, resource_pki_secret_backend_role.go",
		"error: error writing to Vault: Error making API request.\n\nURL: PUT https://vault.example.com:8200/v1/sys/policies/acl/gatehouse-prod-certificates\nCode: 403. Errors:\n\n* 1 error occurred:\n\t* permission denied\n\n" +
			"error: error creating role gatehouse-prod for backend \"gatehouse-prod-pki\": Error making API request.\n\nURL: PUT https://vault.example.com:8200/v1/gatehouse-prod-pki/roles/gatehouse-prod\nCode: 403. Errors:\n\n* 1 error occurred:\n\t* permission denied\n\n",
		"vault-permission",
		[]string{"PUT gatehouse-prod-pki/roles/gatehouse-prod, PUT sys/policies/acl/gatehouse-prod-certificates."},
	},
	{
		"terraform-provider-vault internal/provider/meta.go (setClient), Go's net",
		`error: failed to lookup token, err=Get "https://vault.example.com:8200/v1/auth/token/lookup-self": dial tcp: lookup vault.example.com: no such host`,
		"vault-away",
		[]string{"Vault at https://vault.example.com:8200 can't"},
	},
	{
		"the same, Go's crypto/x509",
		`error: failed to lookup token, err=Get "https://vault.example.com:8200/v1/auth/token/lookup-self": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
		"vault-away",
		[]string{"doesn't trust Vault's certificate"},
	},
	{
		"vault builtin/logical/pki/issuing/issue_common.go, hashicorp/vault#13193",
		"error: error creating certificate a by b for PKI secret backend \"c\": Error making API request.\n\nURL: PUT https://vault.example.com:8200/v1/pki/issue/b\nCode: 400. Errors:\n\n" +
			"* cannot satisfy request, as TTL would result in notAfter of 2031-02-03T04:05:06.789Z that is beyond the expiration of the CA certificate at 2031-01-01T00:00:00Z",
		"issuer-ends",
		[]string{"ends at 2031-01-01T00:00:00Z"},
	},
	{
		"pulumi/pulumi-aws#308 in the words of AWS SDK for Go v2",
		"error: updating CloudFront Distribution (E2EXAMPLE): operation error CloudFront: UpdateDistribution, https response error StatusCode: 412, RequestID: 57185929, PreconditionFailed: The request failed because it didn't meet the preconditions in one or more request-header fields.",
		"changed-meanwhile",
		[]string{"by the rotator"},
	},
	{
		"aws/aws-sdk-js#1014 in the words of AWS SDK for Go v2",
		"error: creating API Gateway v2 Route: operation error ApiGatewayV2: CreateRoute, exceeded maximum number of attempts, 25, https response error StatusCode: 429, RequestID: 0, TooManyRequestsException: Too Many Requests",
		"throttled",
		[]string{"StatusCode: 429"},
	},
	{
		"pulumi/pulumi-aws-native#690",
		"error: reading SSM Parameter: operation error SSM: GetParameter, exceeded maximum number of attempts, 25, https response error StatusCode: 400, RequestID: 0, ThrottlingException: Rate exceeded",
		"throttled",
		[]string{"Throttling"},
	},
	{
		"snyk/driftctl#1629 and others, EC2's and IAM's codes",
		"error: reading IAM Role: operation error IAM: GetRole, https response error StatusCode: 400, RequestID: 0, api error Throttling: Rate exceeded",
		"throttled",
		[]string{"Throttling"},
	},
	{
		"klaemo/s3-website#25 in the words of AWS SDK for Go v2",
		"error: creating CloudFront Distribution: operation error CloudFront: CreateDistributionWithTags, https response error StatusCode: 409, RequestID: 0, CNAMEAlreadyExists: One or more of the CNAMEs you provided are already associated with a different resource.",
		"name-taken",
		[]string{"one of the domainNames"},
	},
	{
		"hashicorp/aws-sdk-go-base",
		"error: Preview failed: No valid credential sources found: Please see https://registry.terraform.io/providers/hashicorp/aws",
		"credentials",
		[]string{"no AWS credentials"},
	},
	{
		"AWS IAM User Guide, Troubleshoot access denied error messages",
		"error: api error AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/gatehouse-prod-deploy/GitHubActions is not authorized to perform: logs:CreateLogGroup on resource: arn:aws:logs:eu-west-1:123456789012:log-group:x because no identity-based policy allows the logs:CreateLogGroup action",
		"permission-missing",
		[]string{"may not logs:CreateLogGroup on arn:aws:logs:eu-west-1:123456789012:log-group:x."},
	},
	{
		"pulumi pkg/backend/display, with this project's policy pack",
		"Policies:\n    ❌ gatehouse@v1.0.0 (local: policy)\n        - [mandatory]  encryption  (aws:sqs:Queue: letters)\n          What is kept is encrypted.",
		"rule-broken",
		[]string{"encryption by aws:sqs:Queue: letters"},
	},
	{
		"pulumi pkg/cmd/pulumi/stack", "error: no stack named 'nope' found",
		"stack-missing",
		[]string{"no stack nope"},
	},
	{
		"pulumi pkg/backend/diy", "error: unable to open bucket s3://state: blob (code=NotFound)",
		"backend-away",
		[]string{"can't be reached"},
	},
	{
		"pulumi pkg/secrets/passphrase", "error: getting stack configuration: get stack secrets manager: incorrect passphrase",
		"passphrase",
		[]string{"not the one"},
	},
	{
		"pulumi pkg/backend/diy", "error: failed to load checkpoint: unexpected end of JSON input",
		"state-damaged",
		[]string{"unexpected end"},
	},
	{
		"pulumi pkg/backend/diy/lock.go",
		"error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.\n  s3://state/.pulumi/locks/x.json: created by runner@host (pid 1) at 2026-11-21T08:00:00Z",
		"stack-locked",
		[]string{"runner@host"},
	},
	{
		"pulumi pkg/resource/deploy (step_generator.go)",
		`error: unable to replace resource "urn:pulumi:prod::gatehouse::x::network-vpc" as part of a replacement as it is currently marked for protection. To unprotect the resource`,
		"protected",
		[]string{"what is protected"},
	},
	{
		"internal/stack/providers.go",
		"error: program failed: gatehouse:kubernetesKubeconfig: the kubeconfig can't be read: open /home/another/kubeconfig: no such file or directory",
		"cluster-credentials",
		[]string{"open /home/another/kubeconfig: no such file"},
	},
	{
		"internal/stack/providers.go",
		`error: VAULT_NAMESPACE is "admin" in this environment and must be unset`,
		"vault-token",
		[]string{"need the root namespace"},
	},
	{
		"internal/certificate/authority/existing.go",
		`error: gatehouse:certificateMount is "pki/servers"; its issuer "2026", or one above it, ends 2031-01-01T00:00:00Z, which is too soon: a certificate issued now`,
		"issuer-ends",
		[]string{"ends at 2031-01-01T00:00:00Z"},
	},
	{
		"internal/config/problems.go",
		"error: the stack's configuration has 2 problem(s); fix them with `pulumi config set KEY VALUE` or in Pulumi.<stack>.yaml:\n  - gatehouse:throttleRate is \"0\"; allowed: a whole number from 1 to 10000\n  - gatehouse:modelMemroy is no setting; allowed: only the keys that Pulumi.yaml lists\nerror: program failed",
		"settings-wrong",
		[]string{"gatehouse:throttleRate is", "modelMemroy is no setting"},
	},
	{
		"Lambda PutFunctionConcurrency, through Terraform AWS",
		"error: setting Lambda Function (gatehouse-prod-rotator) concurrency: operation error Lambda: PutFunctionConcurrency, https response error StatusCode: 400, RequestID: 1, InvalidParameterValueException: Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [10].",
		"quota-of-functions",
		[]string{"too low to reserve"},
	},
	{
		"API Gateway PutRestApi, through Terraform AWS",
		"error: creating API Gateway REST API (abc123) specification: operation error API Gateway: PutRestApi, https response error StatusCode: 400, RequestID: 1, BadRequestException: Errors found during import:\n" +
			"\tUnable to put integration on 'ANY' for resource at path '/api/chat/{proxy+}': Timeout should be between 50 ms and 29000 ms",
		"streaming-refused",
		[]string{"that streams: Unable to put integration on 'ANY' for resource at path '/api/chat/{proxy+}'"},
	},
	{
		"EC2 error code DependencyViolation, through Terraform AWS",
		"error: deleting Security Group (sg-0123456789abcdef0): operation error EC2: DeleteSecurityGroup, https response error StatusCode: 400, RequestID: 1, api error DependencyViolation: resource sg-0123456789abcdef0 has a dependent object",
		"in-use",
		[]string{"something that isn't this stack's is in it"},
	},
}

func TestTheOfficialPluginsAreUnderstood(t *testing.T) {
	for _, m := range messages {
		t.Run(m.section+" "+m.source, func(t *testing.T) {
			findings := Output("Diagnostics:\n  pulumi:pulumi:Stack (gatehouse-prod):\n    " + m.said + "\n")
			require.Len(t, findings, 1, "%v", findings)
			assert.Equal(t, m.section, findings[0].Section)
			for _, wrong := range m.wrong {
				assert.Contains(t, findings[0].Wrong, wrong)
			}
			assert.NotEmpty(t, findings[0].Next)
		})
	}
}

// What is behind the one, the other would hide.
func TestTwoMessagesAreTwoFindings(t *testing.T) {
	for i, one := range messages {
		for _, other := range messages[i+1:] {
			var sections []string
			for _, f := range Output(one.said + "\n" + other.said + "\n") {
				sections = append(sections, f.Section)
			}
			assert.Contains(t, sections, one.section, "%s and %s", one.source, other.source)
			assert.Contains(t, sections, other.section, "%s and %s", one.source, other.source)
		}
	}
}

// byState are the sections that a state leads to, with no message.
var byState = []string{"up-killed", "state-foreign"}

// byProgram are the sections of refusals in the program's own words.
var byProgram = []string{"old-key", "clock"}

func TestEverySectionAboutDeploymentsHasAMessage(t *testing.T) {
	text, err := os.ReadFile("../../docs/runbook.md")
	require.NoError(t, err)
	_, deployments, found := strings.Cut(string(text), "\n## When pulumi up fails\n")
	require.True(t, found)
	told := map[string]bool{}
	for _, m := range messages {
		told[m.section] = true
	}
	sections := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^### (.+)$`).FindAllStringSubmatch(deployments, -1) {
		sections[match[1]] = true
		known := told[match[1]] || slices.Contains(byState, match[1]) || slices.Contains(byProgram, match[1])
		assert.True(t, known, "the doctor knows no message that leads to docs/runbook.md#%s", match[1])
	}
	for section := range told {
		assert.True(t, sections[section], "docs/runbook.md has no section %s", section)
	}
}
