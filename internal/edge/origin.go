package edge

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudfront"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// origins returns the HTTP API's origin, and that of the REST API if there is one.
func origins(args *Args) cloudfront.DistributionOriginArray {
	all := cloudfront.DistributionOriginArray{originOf(args, OriginID, args.OriginDomainName)}
	if args.Stream != nil {
		stream := originOf(args, StreamOriginID, args.Stream.DomainName)
		stream.OriginPath = pulumi.String(args.Stream.Path)
		all = append(all, stream)
	}
	return all
}

// originOf returns an origin for an API: over TLS only, with the origin header. All origins
// have the same key.
func originOf(args *Args, id string, domainName pulumi.StringInput) *cloudfront.DistributionOriginArgs {
	s := args.Origin
	return &cloudfront.DistributionOriginArgs{
		OriginId:           pulumi.String(id),
		DomainName:         domainName,
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
		OriginShield: originShield(s.ShieldRegion, args.PreviousShield),
	}
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
