package customdomain

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const (
	recordType      = "aws:route53/record:Record"
	certificateType = "aws:acm/certificate:Certificate"
)

var names = []string{"api.example.com", "example.com"}

func run(s config.Domain) (*pulumitest.Recorder, error) {
	return pulumitest.Run(func(ctx *pulumi.Context) error {
		_, err := New(ctx, "domain", &Args{Settings: s})
		return err
	})
}

func certificateARN(t *testing.T, s config.Domain) any {
	t.Helper()
	return pulumitest.Resolve(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
		c, err := New(ctx, "domain", &Args{Settings: s})
		return pulumi.Map{"arn": c.ARN}, err
	})["arn"]
}

func TestCertificateIsValidatedInTheZone(t *testing.T) {
	recorder, err := run(config.Domain{Names: names, ZoneID: pulumitest.Zone})
	require.NoError(t, err)
	certificate := recorder.Only(t, certificateType)
	assert.Equal(t, "api.example.com", certificate.Text("domainName"))
	assert.Equal(t, []any{"example.com"}, certificate.Input("subjectAlternativeNames").Mappable())
	assert.Equal(t, "DNS", certificate.Text("validationMethod"))

	for _, name := range names {
		record := recorder.Named(t, recordType, "domain-validation-"+name)
		assert.Equal(t, pulumitest.Zone, record.Text("zoneId"))
		assert.Equal(t, "_proof."+name, record.Text("name"))
		assert.Equal(t, "CNAME", record.Text("type"))
		assert.Equal(t, []any{"_value-of-" + name + ".acm-validations.aws."}, record.Input("records").Mappable())
	}
	validation := recorder.Only(t, "aws:acm/certificateValidation:CertificateValidation")
	assert.Equal(t, "arn:aws:mock:::Certificate/domain-certificate", validation.Text("certificateArn"))
	assert.Equal(t, []any{"_proof.api.example.com", "_proof.example.com"}, validation.Input("validationRecordFqdns").Mappable())
}

func TestCertificateIsUsedOnceItIsValidated(t *testing.T) {
	assert.Equal(t, "arn:aws:mock:::Certificate/domain-certificate", certificateARN(t, config.Domain{Names: names, ZoneID: pulumitest.Zone}))
}

func TestExistingCertificateIsUsed(t *testing.T) {
	for _, zone := range []string{"", pulumitest.Zone} {
		s := config.Domain{Names: names, ZoneID: zone, CertificateARN: "arn:existing"}
		recorder, err := run(s)
		require.NoError(t, err)
		assert.Empty(t, recorder.OfType(certificateType))
		assert.Empty(t, recorder.OfType(recordType))
		assert.Equal(t, "arn:existing", certificateARN(t, s))
	}
}

func TestNameOutsideOfTheZoneIsRejected(t *testing.T) {
	for _, name := range []string{"api.example.org", "notexample.com", "com"} {
		recorder, err := run(config.Domain{Names: []string{"api.example.com", name}, ZoneID: pulumitest.Zone})
		require.ErrorContains(t, err, `domainNames has "`+name+`"; allowed: names in example.com, the zone in domainZoneId, `+pulumitest.Zone)
		assert.Empty(t, recorder.OfType(certificateType))
	}
}

func TestPrivateZoneIsRejected(t *testing.T) {
	_, err := run(config.Domain{Names: names, ZoneID: pulumitest.PrivateZone})
	require.ErrorContains(t, err, "a private zone; it must be a public one")
}

func TestMissingZoneIsAnError(t *testing.T) {
	_, err := run(config.Domain{Names: names, ZoneID: "Z1"})
	require.ErrorContains(t, err, "looking up the zone in domainZoneId, Z1")
}

func TestEveryNameHasAliasRecords(t *testing.T) {
	for _, ipv6 := range []bool{false, true} {
		recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
			_, err := NewRecords(ctx, "records", &RecordsArgs{
				Settings:               config.Domain{Names: names, ZoneID: pulumitest.Zone},
				IPv6:                   ipv6,
				DistributionDomainName: pulumi.String("d1.cloudfront.net"),
				DistributionZoneID:     pulumi.String("Z2FDTNDATAQYW2"),
			})
			return err
		})
		found := map[string]bool{}
		for _, record := range recorder.OfType(recordType) {
			found[record.Text("type")+" "+record.Text("name")] = true
			assert.Equal(t, pulumitest.Zone, record.Text("zoneId"))
			assert.Equal(t, []any{map[string]any{
				"name": "d1.cloudfront.net", "zoneId": "Z2FDTNDATAQYW2", "evaluateTargetHealth": false,
			}}, record.Input("aliases").Mappable())
		}
		want := map[string]bool{"A api.example.com": true, "A example.com": true}
		if ipv6 {
			want["AAAA api.example.com"], want["AAAA example.com"] = true, true
		}
		assert.Equal(t, want, found)
	}
}
