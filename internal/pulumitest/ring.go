package pulumitest

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/gatehouse-iac/gatehouse/internal/originkey"
)

// ring is what Parameter Store lists below a path: [OriginKey], a key that was made a
// moment ago, and a parameter that is no key.
func ring(path string) resource.PropertyMap {
	now := time.Now()
	settled := originkey.NewName(now.Add(-time.Hour), [originkey.NonceSize]byte{1})
	fresh := originkey.NewName(now.Add(-time.Second), [originkey.NonceSize]byte{2})
	texts := func(all ...string) resource.PropertyValue {
		var values []resource.PropertyValue
		for _, text := range all {
			values = append(values, resource.NewProperty(text))
		}
		return resource.NewProperty(values)
	}
	return resource.PropertyMap{
		"names":  texts(path+"/"+string(settled), path+"/"+string(fresh), path+"/note"),
		"values": texts(OriginKey, originkey.NewValue([originkey.ValueSize]byte{2}).Reveal(), "no key"),
	}
}
