// Package domain gives the front door names of one's own: a certificate for them, and
// their records.
package customdomain

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// validationTTL, in seconds, is that of the records which prove a certificate: they
// never change.
const validationTTL = 300

// Args configures a [Certificate].
type Args struct {
	Settings config.Domain // with names
}

// Domain is a certificate for the names. Its provider has to be one for
// [settings.GlobalRegion].
type Certificate struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput // known once the certificate is proven
}

// New declares the certificate, unless there is one, with the records that prove it.
// It fails when a name is none of the zone's.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Certificate, error) {
	c := &Certificate{}
	if err := ctx.RegisterComponentResource("gatehouse:domain:Domain", name, c, opts...); err != nil {
		return nil, err
	}
	if err := checkZone(ctx, args.Settings, pulumi.Parent(c)); err != nil {
		return nil, err
	}
	if args.Settings.CertificateARN != "" {
		c.ARN = pulumi.String(args.Settings.CertificateARN).ToStringOutput()
	} else if err := c.newCertificate(ctx, name, args.Settings); err != nil {
		return nil, err
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"certificateArn": c.ARN})
}

// checkZone fails when there is a zone and the names can't have records in it.
func checkZone(ctx *pulumi.Context, s config.Domain, opts ...pulumi.InvokeOption) error {
	if s.ZoneID == "" {
		return nil
	}
	zone, err := route53.LookupZone(ctx, &route53.LookupZoneArgs{ZoneId: &s.ZoneID}, opts...)
	if err != nil {
		return fmt.Errorf("looking up the zone in domainZoneId, %s: %w", s.ZoneID, err)
	}
	if zone.PrivateZone != nil && *zone.PrivateZone {
		return fmt.Errorf("domainZoneId is %q, a private zone; allowed: a public one, which the internet can ask", s.ZoneID)
	}
	apex := strings.TrimSuffix(zone.Name, ".")
	for _, name := range s.Names {
		if name != apex && !strings.HasSuffix(name, "."+apex) {
			return fmt.Errorf("domainNames has %q; allowed: names in %s, the zone in domainZoneId, %s", name, apex, s.ZoneID)
		}
	}
	return nil
}

func (c *Certificate) newCertificate(ctx *pulumi.Context, name string, s config.Domain) error {
	certificate, err := acm.NewCertificate(ctx, name+"-certificate", &acm.CertificateArgs{
		DomainName:              pulumi.String(s.Names[0]),
		SubjectAlternativeNames: pulumi.ToStringArray(s.Names[1:]),
		ValidationMethod:        pulumi.String("DNS"),
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	var proofs pulumi.StringArray
	for _, domainName := range s.Names {
		option := validationOption(certificate, domainName)
		record, err := route53.NewRecord(ctx, name+"-validation-"+domainName, &route53.RecordArgs{
			ZoneId:  pulumi.String(s.ZoneID),
			Name:    option.ResourceRecordName().Elem(),
			Type:    option.ResourceRecordType().Elem(),
			Records: pulumi.StringArray{option.ResourceRecordValue().Elem()},
			Ttl:     pulumi.Int(validationTTL),
			// For the same name, every certificate of the account has the same record.
			AllowOverwrite: pulumi.Bool(true),
		}, pulumi.Parent(c))
		if err != nil {
			return err
		}
		proofs = append(proofs, record.Fqdn)
	}
	validation, err := acm.NewCertificateValidation(ctx, name+"-validation", &acm.CertificateValidationArgs{
		CertificateArn:        certificate.Arn,
		ValidationRecordFqdns: proofs,
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	c.ARN = validation.CertificateArn
	return nil
}

// validationOption is how a name of the certificate is proven. The options come in no
// order.
func validationOption(certificate *acm.Certificate, domainName string) acm.CertificateDomainValidationOptionOutput {
	return certificate.DomainValidationOptions.ApplyT(func(options []acm.CertificateDomainValidationOption) (acm.CertificateDomainValidationOption, error) {
		for _, option := range options {
			if option.DomainName != nil && *option.DomainName == domainName {
				return option, nil
			}
		}
		return acm.CertificateDomainValidationOption{}, fmt.Errorf("the certificate says nothing of how %s is proven", domainName)
	}).(acm.CertificateDomainValidationOptionOutput)
}
