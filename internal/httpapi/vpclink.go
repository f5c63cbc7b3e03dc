package httpapi

import (
	"maps"
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

// integration forwards requests unchanged but for the mapped parameters.
func (p *VPCLinkTarget) integration(apiID pulumi.StringInput, method string, parameters map[string]string) *apigatewayv2.IntegrationArgs {
	args := &apigatewayv2.IntegrationArgs{
		ApiId:                apiID,
		IntegrationType:      pulumi.String("HTTP_PROXY"),
		IntegrationMethod:    pulumi.String(method),
		IntegrationUri:       p.ListenerARN,
		ConnectionType:       pulumi.String("VPC_LINK"),
		ConnectionId:         p.LinkID.ToStringOutput(),
		PayloadFormatVersion: pulumi.String("1.0"), // the only one for HTTP_PROXY
		TimeoutMilliseconds:  pulumi.Int(int(p.Timeout.Milliseconds())),
		RequestParameters:    pulumi.ToStringMap(parameters),
	}
	if p.ServerName != "" {
		args.TlsConfig = &apigatewayv2.IntegrationTlsConfigArgs{ServerNameToVerify: pulumi.String(p.ServerName)}
	}
	return args
}

// requestParameters returns the mapping of the requests of a route through a VPC link: the
// path loses the route's, and the server must not learn the origin key. Authorization is
// the server's own: API Gateway couldn't map it, since it is a reserved header.
func (a *Args) requestParameters(route Route) map[string]string {
	parameters := map[string]string{
		"overwrite:path":                "/$request.path.proxy",
		"remove:header." + a.Key.Header: "''", // an empty value would remove the mapping
	}
	maps.Copy(parameters, a.clientParameters(route))
	return parameters
}
