package chatapi

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

const https = 443

// destination is a network and a port in it that the function may open connections
// to. EC2 knows a rule by these two and refuses a second one, whatever it is for.
type destination struct {
	network          string
	port             int
	server, services bool // what is there
}

// destinations are the networks and ports that the settings lead to, each once:
// the model's server, and, in a VPC of others, the endpoints of AWS services,
// which may be anywhere in it.
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
	if a.Settings.Backend == config.BackendOpenAI && !a.usesPrivateModel() {
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

// callsServices reports whether the function calls services of AWS beside its log's.
func (a *Args) callsServices() bool {
	return a.Settings.Backend != config.BackendOpenAI || a.Settings.Server.APIKeyParameter != ""
}

// description says what the destination is for.
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

// formerNames are those that the rule for this destination had in earlier versions.
// A rule under a new name would be made before the old one is deleted, and refused.
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

// serverIn returns where in these networks a server may be, and its port: at its
// address, or anywhere if the URL has a name.
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
