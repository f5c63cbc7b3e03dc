package httpapi

import (
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigatewayv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ProxyPath ends the path of a route that takes all that is below. To a [VPCLinkTarget]
// listener, what stands in its place is the path that the listener sees.
const ProxyPath = "/{proxy+}"

// Private is a listener in a VPC, reached through a VPC link.
type VPCLinkTarget struct {
	LinkID      pulumi.StringInput
	ListenerARN pulumi.StringInput
	ServerName  string        // that the listener's certificate has to name; empty for one without TLS
	Timeout     time.Duration // at most 30 seconds
}

// integration passes requests on as they came, but for the path and the key: who
// serves them must not learn what opens the door.
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
