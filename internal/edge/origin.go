package edge

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// apiOrigin is the API, which CloudFront talks to over TLS alone, with the key.
func apiOrigin(args *Args) *cloudfront.DistributionOriginArgs {
	s := args.Origin
	origin := &cloudfront.DistributionOriginArgs{
		OriginId:           pulumi.String(OriginID),
		DomainName:         args.OriginDomainName,
		ConnectionAttempts: pulumi.Int(s.ConnectionAttempts),
		ConnectionTimeout:  pulumi.Int(int(s.ConnectionTimeout.Seconds())),
		CustomOriginConfig: &cloudfront.DistributionOriginCustomOriginConfigArgs{
			OriginProtocolPolicy:   pulumi.String("https-only"),
			OriginSslProtocols:     pulumi.StringArray{pulumi.String("TLSv1.2")},
			HttpPort:               pulumi.Int(80),
			HttpsPort:              pulumi.Int(443),
			OriginReadTimeout:      pulumi.Int(int(s.ReadTimeout.Seconds())),
			OriginKeepaliveTimeout: pulumi.Int(int(s.Keepalive.Seconds())),
		},
		CustomHeaders: cloudfront.DistributionOriginCustomHeaderArray{
			&cloudfront.DistributionOriginCustomHeaderArgs{
				Name:  pulumi.String(args.KeyHeader),
				Value: pulumi.ToSecret(args.OriginKey).(pulumi.StringOutput),
			},
		},
	}
	if s.ShieldRegion != "" {
		origin.OriginShield = &cloudfront.DistributionOriginOriginShieldArgs{
			Enabled: pulumi.Bool(true), OriginShieldRegion: pulumi.String(s.ShieldRegion),
		}
	}
	return origin
}
