package stack_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// isRule reports whether a resource is a rule of a security group.
func isRule(r pulumitest.Registration) bool {
	return strings.HasPrefix(r.Type, "aws:vpc/securityGroup")
}

// identity returns the properties by which EC2 identifies a rule: not its description.
func identity(rule pulumitest.Registration) string {
	var parts []string
	for _, field := range []string{"securityGroupId", "ipProtocol", "fromPort", "toPort", "cidrIpv4", "cidrIpv6", "referencedSecurityGroupId", "prefixListId"} {
		parts = append(parts, fmt.Sprint(rule.Input(field).Mappable()))
	}
	return rule.Type + " " + strings.Join(parts, " ")
}

// TestRulesAreUnique finds what EC2 rejects as InvalidPermission.Duplicate.
func TestRulesAreUnique(t *testing.T) {
	check := func(t *testing.T, recorder *pulumitest.Recorder) {
		seen := map[string]string{}
		for _, r := range recorder.All() {
			if isRule(r) {
				assert.Empty(t, seen[identity(r)], "the same rule as %s", r.Name)
				seen[identity(r)] = r.Name
			}
		}
	}
	each(t, check)
	for name, s := range privateServers(t) {
		t.Run(name, func(t *testing.T) { check(t, deploy(t, s)) })
	}
}

// privateServers returns the settings of stacks whose function uses a server in a VPC.
func privateServers(t testing.TB) map[string]config.Settings {
	t.Helper()
	all := map[string]config.Settings{}
	for _, url := range []string{"", "https://model.internal/v1", "http://model.internal/v1", "https://10.20.0.9:8443/v1", "https://10.20.0.9/v1"} {
		for _, key := range []string{"", "/models/key"} {
			for _, own := range []bool{true, false} {
				s := privateFunction(t)
				s.Model.Server.BaseURL, s.Model.Server.APIKeyParameter = url, key
				if !own {
					s.Network.Existing = config.ExistingNetwork{
						VPCID:            pulumitest.ExistingVPC,
						PrivateSubnetIDs: []string{pulumitest.ExistingSubnetA, pulumitest.ExistingSubnetB},
					}
				}
				all[fmt.Sprintf("server %q, key %q, own %t", url, key, own)] = s
			}
		}
	}
	return all
}

// TestRulesHaveDescriptions checks for the characters that EC2 accepts in one.
func TestRulesHaveDescriptions(t *testing.T) {
	found := 0
	check := func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			if isRule(r) || r.Type == "aws:ec2/securityGroup:SecurityGroup" {
				found++
				assert.Regexp(t, `^[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}$`, r.Text("description"), r.Name)
			}
		}
	}
	each(t, check)
	for name, s := range privateServers(t) {
		t.Run(name, func(t *testing.T) { check(t, deploy(t, s)) })
	}
	require.NotZero(t, found)
}
