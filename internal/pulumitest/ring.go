package pulumitest

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// keyring is what Parameter Store lists below a path: [OriginKey], a key that was made a
// moment ago, and a parameter that is no key.
func ring(path string) resource.PropertyMap {
	now := time.Now()
	settled := keyring.NewName(now.Add(-time.Hour), [keyring.NonceSize]byte{1})
	fresh := keyring.NewName(now.Add(-time.Second), [keyring.NonceSize]byte{2})
	texts := func(all ...string) resource.PropertyValue {
		var values []resource.PropertyValue
		for _, text := range all {
			values = append(values, resource.NewProperty(text))
		}
		return resource.NewProperty(values)
	}
	return resource.PropertyMap{
		"names":  texts(path+"/"+string(settled), path+"/"+string(fresh), path+"/note"),
		"values": texts(OriginKey, keyring.NewValue([keyring.ValueSize]byte{2}).Reveal(), "no key"),
	}
}
