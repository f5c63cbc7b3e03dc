package customdomain

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// RecordsArgs configures [Records].
type RecordsArgs struct {
	Settings config.Domain // with names and a zone
	IPv6     bool

	DistributionDomainName pulumi.StringInput
	DistributionZoneID     pulumi.StringInput // CloudFront's own zone
}

// Records are the alias records from the names to the distribution.
type Records struct {
	pulumi.ResourceState
}

// NewRecords declares the records.
func NewRecords(ctx *pulumi.Context, name string, args *RecordsArgs, opts ...pulumi.ResourceOption) (*Records, error) {
	r := &Records{}
	if err := ctx.RegisterComponentResource("gatehouse:domain:Records", name, r, opts...); err != nil {
		return nil, err
	}
	types := []string{"A"}
	if args.IPv6 {
		types = append(types, "AAAA")
	}
	for _, domainName := range args.Settings.Names {
		for _, recordType := range types {
			_, err := route53.NewRecord(ctx, name+"-"+domainName+"-"+recordType, &route53.RecordArgs{
				ZoneId: pulumi.String(args.Settings.ZoneID),
				Name:   pulumi.String(domainName),
				Type:   pulumi.String(recordType),
				Aliases: route53.RecordAliasArray{&route53.RecordAliasArgs{
					Name:                 args.DistributionDomainName,
					ZoneId:               args.DistributionZoneID,
					EvaluateTargetHealth: pulumi.Bool(false),
				}},
			}, pulumi.Parent(r))
			if err != nil {
				return nil, err
			}
		}
	}
	return r, ctx.RegisterResourceOutputs(r, pulumi.Map{})
}
