package stack_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// list is a list as the engine hands it over.
func list(n int, element func(int) string) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%q", element(i))
	}
	return "[" + strings.Join(all, ",") + "]"
}

// services are all that can be named in networkInterfaceEndpoints.
func services(t testing.TB) string {
	t.Helper()
	for _, option := range config.Options() {
		if option.Name == "gatehouse:networkInterfaceEndpoints" {
			_, names, found := strings.Cut(option.Allowed, "one of ")
			require.True(t, found)
			all := strings.Split(names, ", ")
			return list(len(all), func(i int) string { return all[i] })
		}
	}
	require.Fail(t, "no such setting")
	return ""
}

// TestTheLowestAndTheHighest renders the whole stack with the ends of what each
// setting of the private side may be.
func TestTheLowestAndTheHighest(t *testing.T) {
	network := map[string]string{"networkEnabled": "true"}
	existing := map[string]string{
		"networkEnabled": "true", "networkVpcId": pulumitest.ExistingVPC,
		"networkPrivateSubnetIds": fmt.Sprintf(`[%q,%q]`, pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetB),
	}
	pods := map[string]string{
		"networkEnabled": "true", "inferenceProtocol": "HTTPS", "workloadTargetGroup": "true", "workloadEnabled": "true", "workloadImage": "registry.example.com/gateway:1.4.2",
		"vaultAddress": "https://vault.example.com:8200", "certificateNames": `["inference.example.com"]`, "kubernetesContext": "main",
	}
	cases := []struct {
		base   map[string]string
		key    string
		values []string
	}{
		{network, "networkCidr", []string{"10.0.0.0/16", "192.168.252.0/22", "172.16.0.0/16", "10.255.252.0/22"}},
		{network, "networkPeerCidrs", []string{"[]", list(40, func(i int) string { return fmt.Sprintf("10.%d.0.0/16", i+1) })}},
		{network, "networkZoneCount", []string{"2", "3"}},
		{network, "networkNat", []string{"none", "single", "perZone"}},
		{network, "networkIpv6", []string{"false", "true"}},
		{network, "networkInterfaceEndpoints", []string{"[]", services(t)}},
		{network, "networkFlowLogs", []string{"cloudwatch"}},
		{network, "inferenceTargets", []string{"[]", list(200, func(i int) string { return fmt.Sprintf("10.0.1.%d", i) })}},
		{existing, "inferenceTargets", []string{"[]", `["10.20.0.1","100.64.255.254"]`}},
		{network, "inferencePort", []string{"1", "65535"}},
		{network, "inferenceProtocol", []string{"HTTP", "HTTPS"}},
		{network, "inferenceHealthPath", []string{"/", "/" + strings.Repeat("a", 255)}},
		{network, "inferencePrefix", []string{"/api/i", "/api/" + strings.Repeat("i", 20)}},
		{network, "inferenceTimeout", []string{"1s", "29s"}},
		{network, "modelInVpc", []string{"false"}},
		{pods, "inferencePort", []string{"1024", "65535"}},
		{pods, "workloadReplicas", []string{"1", "50"}},
		{pods, "workloadCpu", []string{"1m", "192"}},
		{pods, "workloadMemory", []string{"1Ki", "2048Gi"}},
	}
	for _, c := range cases {
		for _, value := range c.values {
			t.Run(c.key+" "+value[:min(len(value), 40)], func(t *testing.T) {
				config := maps.Clone(c.base)
				config[c.key] = value
				s := pulumitest.Configured(t, config)
				assert.NotEmpty(t, deploy(t, s).OfType("aws:lb/loadBalancer:LoadBalancer"))
			})
		}
	}
}
