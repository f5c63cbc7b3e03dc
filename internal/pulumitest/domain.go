package pulumitest

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// The hosted zones of the mocked account: one for example.com, and one that only a
// VPC knows.
const (
	Zone        = "Z0123456789ABCDEFGHIJ"
	PrivateZone = "Z0123456789PRIVATE000"
)

func zone(id string) (resource.PropertyMap, error) {
	if id != Zone && id != PrivateZone {
		return nil, fmt.Errorf("the mocked AWS account has no zone %s", id)
	}
	return resource.PropertyMap{
		"id": resource.NewProperty(id), "zoneId": resource.NewProperty(id),
		"name": resource.NewProperty("example.com"), "privateZone": resource.NewProperty(id == PrivateZone),
	}, nil
}

// validationOptions returns the DNS records that validate the names of a certificate, last
// name first: AWS promises no order.
func validationOptions(certificate resource.PropertyMap) resource.PropertyValue {
	names := []resource.PropertyValue{certificate["domainName"]}
	if others, ok := certificate["subjectAlternativeNames"]; ok {
		names = append(names, others.ArrayValue()...)
	}
	options := make([]resource.PropertyValue, len(names))
	for i, name := range names {
		options[len(names)-1-i] = resource.NewProperty(resource.PropertyMap{
			"domainName":          name,
			"resourceRecordName":  resource.NewProperty("_proof." + name.StringValue()),
			"resourceRecordType":  resource.NewProperty("CNAME"),
			"resourceRecordValue": resource.NewProperty("_value-of-" + name.StringValue() + ".acm-validations.aws."),
		})
	}
	return resource.NewProperty(options)
}
