package stack

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The types of exports, as docs/exports.md names them.
const (
	stringType     = "string"
	stringListType = "list of strings"
	stringMapType  = "map of strings"
)

// condition says which stacks have an export.
type condition struct {
	description string // in docs/exports.md; empty if every stack has it
	met         func(components) bool
}

var (
	always = condition{met: func(components) bool { return true }}

	withObservability = condition{"with `observabilityEnabled`", func(c components) bool { return c.observability != nil }}
	withClients       = condition{"unless `clientAccess` is `open`", func(c components) bool { return c.clients != nil }}
	withStreaming     = condition{"with `streamingEnabled`", func(c components) bool { return c.streaming != nil }}
	withFirewall      = condition{"with `wafEnabled`", func(c components) bool { return c.firewall != nil }}
	withAccessLogs    = condition{"with `accessLogsEnabled`", func(c components) bool { return c.accessLogs != nil }}
	withNetwork       = condition{"with `networkEnabled`", func(c components) bool { return c.private.enabled() }}
	withOwnNetwork    = condition{"with `networkEnabled`, unless in an existing VPC", func(c components) bool { return c.private.own != nil }}
	withVault         = condition{"with `vaultAddress`", func(c components) bool { return c.certificates.certificate != nil }}
	withOwnAuthority  = condition{"with `vaultAddress`, unless an existing authority issues", func(c components) bool { return c.certificates.authority != nil }}
	withIssued        = condition{"with `vaultAddress`, unless cert-manager requests the certificate", func(c components) bool { return c.certificates.issued() != nil }}
	withWorkload      = condition{"with `workloadEnabled`", func(c components) bool { return c.certificates.workload != nil }}
)

// shieldExport names the export with the region of Origin Shield. The next update reads
// it: see [previousShieldRegion].
const shieldExport = "originShieldRegion"

// export is one output of the stack.
type export struct {
	name        string
	typ         string
	condition   condition
	description string // in docs/exports.md
	value       func(components) pulumi.Input
}

// exports are all outputs of the stack, in the order of docs/exports.md. Scripts and other
// stacks use them: names and types stay as they are.
//
// To add one, add it here and run `go test ./internal/stack -run ExportsAreDocumented -update`, which
// writes the table in docs/exports.md.
var exports = []export{
	{
		"url", stringType, always, "URL of the API, with the first of `domainNames` if there are any",
		func(c components) pulumi.Input { return c.url() },
	},
	{
		"distributionUrl", stringType, always, "URL of the CloudFront distribution, with the domain name that CloudFront gives it",
		func(c components) pulumi.Input { return c.edge.URL },
	},
	{
		"distributionDomainName", stringType, always, "domain name that CloudFront gives the distribution",
		func(c components) pulumi.Input { return c.edge.DomainName },
	},
	{
		"distributionId", stringType, always, "ID of the distribution",
		func(c components) pulumi.Input { return c.edge.DistributionID },
	},
	{
		"edgeHttpVersion", stringType, always, "versions of HTTP that viewers may use beside 1.1, as CloudFront writes them: `http1.1`, `http2`, `http3` or `http2and3`",
		func(c components) pulumi.Input { return pulumi.String(c.settings.Edge.HTTPVersion) },
	},
	{
		"apiUrl", stringType, always, "invoke URL of the HTTP API (direct requests get 401)",
		func(c components) pulumi.Input { return c.api.URL },
	},
	{
		"apiId", stringType, always, "ID of the HTTP API",
		func(c components) pulumi.Input { return c.api.APIID },
	},
	{
		"streamUrl", stringType, withStreaming, "invoke URL of the REST API that streams responses (direct requests get 401)",
		func(c components) pulumi.Input { return c.streaming.URL },
	},
	{
		"streamApiId", stringType, withStreaming, "ID of that REST API",
		func(c components) pulumi.Input { return c.streaming.APIID },
	},
	{
		"apiPrefix", stringType, always, "prefix of all paths of the API",
		func(c components) pulumi.Input { return pulumi.String(c.settings.Gateway.Prefix) },
	},
	{
		"namePrefix", stringType, always, "prefix of the names of the stack's resources",
		func(c components) pulumi.Input { return pulumi.String(c.name) },
	},
	{
		"modelId", stringType, always, "ID of the model that answers requests which name none",
		func(c components) pulumi.Input { return pulumi.String(c.settings.Model.ID) },
	},
	{
		"clientAccess", stringType, always, "whether requests need a client's credential: `keys`, `migrating` or `open`",
		func(c components) pulumi.Input { return pulumi.String(c.settings.Clients.Access) },
	},
	{
		"corsOrigins", stringListType, always, "origins whose pages may call the API",
		func(c components) pulumi.Input { return pulumi.ToStringArray(c.settings.CORS.Origins) },
	},
	{
		"runbookUrl", stringType, always, "URL of the runbook",
		func(c components) pulumi.Input { return pulumi.String(c.settings.Observability.RunbookURL) },
	},
	{
		"parameterPath", stringType, always, "path of the keyring in Parameter Store",
		func(c components) pulumi.Input { return pulumi.String(c.rotation.Keyring.Path) },
	},
	{
		"originHeaderName", stringType, always, "name of the header that carries the origin key",
		func(c components) pulumi.Input { return pulumi.String(c.settings.Key.Header) },
	},
	{
		"rotatorName", stringType, always, "name of the rotator's function, which `make rotate` invokes",
		func(c components) pulumi.Input { return c.rotation.Rotator.Name },
	},
	{
		"rotationEvent", stringType, always, "event that the schedule sends to the rotator; `make rotate` sends it with another action",
		func(c components) pulumi.Input { return c.schedule.Event },
	},
	{
		"clientsTable", stringType, withClients, "name of the DynamoDB table of clients",
		func(c components) pulumi.Input { return c.clients.Access.TableName },
	},
	{
		"clientBudgetCeiling", stringType, withClients, "dollars a month that the budgets of all clients together may come to, `0` without a limit",
		func(c components) pulumi.Input { return pulumi.String(c.settings.Clients.Ceiling.String()) },
	},
	{
		"readme", stringType, always, "the page that Pulumi Cloud shows for the stack",
		func(c components) pulumi.Input { return pulumi.String(c.readme) },
	},
	{
		"alarmsTopicArn", stringType, always, "ARN of the SNS topic that alarms notify",
		func(c components) pulumi.Input { return c.notifier.TopicARN },
	},
	{
		"dashboardUrl", stringType, withObservability, "URL of the dashboard in CloudWatch",
		func(c components) pulumi.Input { return c.observability.DashboardURL },
	},
	{
		shieldExport, stringType, always, "region of Origin Shield, empty without it",
		func(c components) pulumi.Input { return pulumi.String(c.settings.Origin.ShieldRegion) },
	},
	{
		"webAclArn", stringType, withFirewall, "ARN of the web ACL",
		func(c components) pulumi.Input { return c.firewall.ARN },
	},
	{
		"accessLogsBucket", stringType, withAccessLogs, "name of the bucket with CloudFront's access logs",
		func(c components) pulumi.Input { return c.accessLogs.BucketName },
	},
	{
		"vpcId", stringType, withNetwork, "ID of the VPC",
		func(c components) pulumi.Input { return c.private.attachment.VPCID },
	},
	{
		"privateSubnetIds", stringListType, withNetwork, "IDs of the private subnets, one for each zone",
		func(c components) pulumi.Input { return c.private.attachment.PrivateSubnetIDs },
	},
	{
		"publicSubnetIds", stringListType, withOwnNetwork, "IDs of the public subnets, one for each zone",
		func(c components) pulumi.Input { return c.private.own.PublicSubnetIDs },
	},
	{
		"isolatedSubnetIds", stringListType, withOwnNetwork, "IDs of the isolated subnets, one for each zone",
		func(c components) pulumi.Input { return c.private.own.IsolatedSubnetIDs },
	},
	{
		"securityGroupIds", stringMapType, withNetwork, "IDs of the security groups `vpcLink`, `loadBalancer`, `targets`, and of `endpoints` and `model` if there are any",
		func(c components) pulumi.Input { return c.securityGroupIDs() },
	},
	{
		"inferencePrefix", stringType, withNetwork, "prefix of the paths of the private model",
		func(c components) pulumi.Input { return pulumi.String(c.settings.Inference.Prefix) },
	},
	{
		"vpcLinkId", stringType, withNetwork, "ID of the VPC link to the private model",
		func(c components) pulumi.Input { return c.private.inference.VPCLinkID },
	},
	{
		"loadBalancerArn", stringType, withNetwork, "ARN of the private model's load balancer",
		func(c components) pulumi.Input { return c.private.inference.LoadBalancerARN },
	},
	{
		"loadBalancerDnsName", stringType, withNetwork, "DNS name of the private model's load balancer",
		func(c components) pulumi.Input { return c.private.inference.LoadBalancerDNSName },
	},
	{
		"targetGroupArn", stringType, withNetwork, "ARN of the private model's target group",
		func(c components) pulumi.Input { return c.private.inference.TargetGroupARN },
	},
	{
		"tlsSecretName", stringType, withVault, "name of the Kubernetes Secret with the certificate",
		func(c components) pulumi.Input { return c.certificates.certificate.SecretName },
	},
	{
		"tlsSecretNamespace", stringType, withVault, "namespace of that Secret",
		func(c components) pulumi.Input { return c.certificates.namespace.Name },
	},
	{
		"caCertificate", stringType, withVault, "root certificate that clients trust, PEM",
		func(c components) pulumi.Input { return c.certificates.issuer.Root },
	},
	{
		"certificateSerial", stringType, withIssued, "serial number of the certificate, as Vault writes it",
		func(c components) pulumi.Input { return c.certificates.issued().SerialNumber },
	},
	{
		"certificateExpiry", stringType, withIssued, "time at which the certificate expires, RFC 3339",
		func(c components) pulumi.Input { return c.certificates.issued().Expires },
	},
	{
		"certificateChain", stringType, withIssued, "the certificate, then each authority's up to the root, which isn't in it, PEM",
		func(c components) pulumi.Input { return c.certificates.issued().Chain },
	},
	{
		"certificateNames", stringListType, withIssued, "names and IP addresses that clients know the certificate's servers by",
		func(c components) pulumi.Input {
			return pulumi.ToStringArray(slices.Concat(c.settings.Certificate.Names, c.settings.Certificate.IPAddresses))
		},
	},
	{
		"pkiMount", stringType, withVault, "path of the issuing authority's mount in Vault",
		func(c components) pulumi.Input { return c.certificates.issuer.Mount },
	},
	{
		"pkiRole", stringType, withVault, "role of that mount by which certificates are issued",
		func(c components) pulumi.Input { return c.certificates.certificate.Role },
	},
	{
		"pkiPolicy", stringType, withVault, "Vault policy that allows certificates of that role",
		func(c components) pulumi.Input { return c.certificates.certificate.Policy },
	},
	{
		"pkiRootMount", stringType, withOwnAuthority, "path of the root authority's mount in Vault",
		func(c components) pulumi.Input { return c.certificates.authority.RootMount },
	},
	{
		"workloadServiceName", stringType, withWorkload, "name of the workload's Kubernetes Service",
		func(c components) pulumi.Input { return c.certificates.workload.ServiceName },
	},
}

// exports returns the outputs that a stack of these components has, by name.
func (c components) exports() pulumi.Map {
	values := pulumi.Map{}
	for _, e := range exports {
		if e.condition.met(c) {
			values[e.name] = e.value(c)
		}
	}
	return values
}
