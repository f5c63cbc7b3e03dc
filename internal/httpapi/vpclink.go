package httpapi

import (
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ProxyPath ends the path of a route that matches every path below it: a greedy path
// variable. For a [VPCLinkTarget], its value becomes the path that the listener gets.
const ProxyPath = "/{proxy+}"

// VPCLinkTarget is a load balancer's listener in a VPC, reached through a VPC link.
type VPCLinkTarget struct {
	LinkID      pulumi.StringInput
	ListenerARN pulumi.StringInput
	ServerName  string        // required in the listener's certificate; empty for a listener without TLS
	Timeout     time.Duration // at most 30 seconds
}

// integration forwards requests unchanged but for the path and the origin header: the
// server must not learn the origin key.
func (p *VPCLinkTarget) integration(apiID pulumi.StringInput, method, keyHeader string) *apigatewayv2.IntegrationArgs {
	args := &apigatewayv2.IntegrationArgs{
		ApiId:                apiID,
		IntegrationType:      pulumi.String("HTTP_PROXY"),
		IntegrationMethod:    pulumi.String(method),
		IntegrationUri:       p.ListenerARN,
		ConnectionType:       pulumi.String("VPC_LINK"),
		ConnectionId:         p.LinkID.ToStringOutput(),
		PayloadFormatVersion: pulumi.String("1.0"), // the only one for HTTP_PROXY
		TimeoutMilliseconds:  pulumi.Int(int(p.Timeout.Milliseconds())),
		RequestParameters: pulumi.StringMap{
			"overwrite:path":             pulumi.String("/$request.path.proxy"),
			"remove:header." + keyHeader: pulumi.String("''"), // an empty value would remove the mapping
		},
	}
	if p.ServerName != "" {
		args.TlsConfig = &apigatewayv2.IntegrationTlsConfigArgs{ServerNameToVerify: pulumi.String(p.ServerName)}
	}
	return args
}
