package chatapi

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

const https = 443

// destination is an address range and a port that the function may connect to. EC2
// identifies a rule by these two and rejects a second one, regardless of its purpose.
type destination struct {
	network          string
	port             int
	server, services bool // whether the model's server or AWS services are there
}

// destinations returns the address ranges and ports of the settings, each once: the
// model's server, and, in an existing VPC, the endpoints of AWS services, which may have
// any address in it.
func (a *Args) destinations() ([]destination, error) {
	var all []destination
	add := func(networks []string, port int, mark func(*destination)) {
		for _, network := range networks {
			i := 0
			for i < len(all) && (all[i].network != network || all[i].port != port) {
				i++
			}
			if i == len(all) {
				all = append(all, destination{network: network, port: port})
			}
			mark(&all[i])
		}
	}
	attachment := a.VPC.Attachment
	if a.Settings.Backend == lambdaenv.BackendOpenAI && !a.usesPrivateModel() {
		networks, port, err := serverIn(attachment.CIDRs, a.Settings.Server.BaseURL)
		if err != nil {
			return nil, err
		}
		add(networks, port, func(d *destination) { d.server = true })
	}
	if a.callsServices() && attachment.EndpointsGroupID == nil {
		add(attachment.CIDRs, https, func(d *destination) { d.services = true })
	}
	return all, nil
}

// callsServices reports whether the function calls AWS services other than CloudWatch
// Logs.
func (a *Args) callsServices() bool {
	return a.Settings.Backend != lambdaenv.BackendOpenAI || a.Settings.Server.APIKeyParameter != ""
}

// description returns the description of the destination's rule.
func (d destination) description() string {
	var what []string
	if d.server {
		what = append(what, "the server of the model")
	}
	if d.services {
		what = append(what, "endpoints of AWS services")
	}
	return "To " + strings.Join(what, " and ")
}

// formerNames returns the names that the rule for this destination had in earlier
// versions. Without an alias, the engine would create the renamed rule before it deletes
// the old one, which EC2 rejects.
func (d destination) formerNames(name string) []pulumi.Alias {
	names := []string{fmt.Sprintf("%s-to-server-%d-%s", name, d.port, d.network)}
	if d.port == https {
		names = append(names, fmt.Sprintf("%s-to-endpoints-%s", name, d.network))
	}
	aliases := make([]pulumi.Alias, len(names))
	for i, former := range names {
		aliases[i] = pulumi.Alias{Name: pulumi.String(former)}
	}
	return aliases
}

// serverIn returns the address ranges in which a server may be, and its port: the URL's
// address, or all networks if the URL has a name.
func serverIn(networks []string, baseURL string) ([]string, int, error) {
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, 0, err
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && address.Is4() {
		networks = []string{address.String() + "/32"}
	}
	switch {
	case u.Port() != "":
		port, err := strconv.Atoi(u.Port())
		return networks, port, err
	case u.Scheme == "https":
		return networks, https, nil
	default:
		return networks, 80, nil
	}
}
