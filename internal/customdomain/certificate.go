// Package customdomain declares what the distribution's custom domain names need: a
// certificate of ACM, validated by DNS, and the alias records in Route 53.
package customdomain

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/route53"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// validationTTL is the TTL, in seconds, of the records that validate a certificate. They
// never change.
const validationTTL = 300

// Args configures a [Certificate].
type Args struct {
	Settings config.Domain // with names
}

// Certificate is a certificate for the names. Its provider must be one for
// [config.GlobalRegion].
type Certificate struct {
	pulumi.ResourceState

	ARN pulumi.StringOutput // known once the certificate is validated
}

// New declares the certificate with the records that validate it, unless the settings
// have an existing one. It returns an error if a name is not in the zone.
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

// checkZone returns an error if there is a zone and a name can't have records in it.
func checkZone(ctx *pulumi.Context, s config.Domain, opts ...pulumi.InvokeOption) error {
	if s.ZoneID == "" {
		return nil
	}
	zone, err := route53.LookupZone(ctx, &route53.LookupZoneArgs{ZoneId: &s.ZoneID}, opts...)
	if err != nil {
		return fmt.Errorf("looking up the zone in domainZoneId, %s: %w", s.ZoneID, err)
	}
	if zone.PrivateZone != nil && *zone.PrivateZone {
		return fmt.Errorf("domainZoneId is %q, a private zone; it must be a public one", s.ZoneID)
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
	var validated pulumi.StringArray
	for _, domainName := range s.Names {
		option := validationOption(certificate, domainName)
		record, err := route53.NewRecord(ctx, name+"-validation-"+domainName, &route53.RecordArgs{
			ZoneId:  pulumi.String(s.ZoneID),
			Name:    option.ResourceRecordName().Elem(),
			Type:    option.ResourceRecordType().Elem(),
			Records: pulumi.StringArray{option.ResourceRecordValue().Elem()},
			Ttl:     pulumi.Int(validationTTL),
			// All certificates of an account have the same record for the same name.
			AllowOverwrite: pulumi.Bool(true),
		}, pulumi.Parent(c))
		if err != nil {
			return err
		}
		validated = append(validated, record.Fqdn)
	}
	validation, err := acm.NewCertificateValidation(ctx, name+"-validation", &acm.CertificateValidationArgs{
		CertificateArn:        certificate.Arn,
		ValidationRecordFqdns: validated,
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	c.ARN = validation.CertificateArn
	return nil
}

// validationOption returns the validation record for a name of the certificate. ACM
// returns them in any order.
func validationOption(certificate *acm.Certificate, domainName string) acm.CertificateDomainValidationOptionOutput {
	return certificate.DomainValidationOptions.ApplyT(func(options []acm.CertificateDomainValidationOption) (acm.CertificateDomainValidationOption, error) {
		for _, option := range options {
			if option.DomainName != nil && *option.DomainName == domainName {
				return option, nil
			}
		}
		return acm.CertificateDomainValidationOption{}, fmt.Errorf("the certificate has no validation record for %s", domainName)
	}).(acm.CertificateDomainValidationOptionOutput)
}
