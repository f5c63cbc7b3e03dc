package authority

import (
	"net/netip"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// addressConstraints are the addresses that an intermediate may issue for, as
// ranges: exactly these, or else none at all.
func addressConstraints(addresses []string) (permitted, excluded pulumi.StringArray) {
	if len(addresses) == 0 {
		return nil, pulumi.ToStringArray([]string{"0.0.0.0/0", "::/0"})
	}
	for _, text := range addresses {
		address := netip.MustParseAddr(text) // checked by the settings
		permitted = append(permitted, pulumi.String(netip.PrefixFrom(address, address.BitLen()).String()))
	}
	return permitted, nil
}
