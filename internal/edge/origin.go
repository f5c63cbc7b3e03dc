package edge

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// apiOrigin returns the origin for the API: over TLS only, with the origin header.
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
	origin.OriginShield = originShield(s.ShieldRegion, args.PreviousShield)
	return origin
}

// originShield disables Origin Shield once, in the update after it was enabled:
// CloudFront keeps what an update leaves out. After that it is left out, since
// Terraform's provider reads a disabled one as none.
func originShield(region, previous string) cloudfront.DistributionOriginOriginShieldPtrInput {
	if region == "" && previous == "" {
		return nil
	}
	enabled := region != ""
	if !enabled {
		region = previous
	}
	return &cloudfront.DistributionOriginOriginShieldArgs{Enabled: pulumi.Bool(enabled), OriginShieldRegion: pulumi.String(region)}
}
