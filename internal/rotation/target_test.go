package rotation

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

func TestTheRotatorMayKeepWhatTheDistributionHas(t *testing.T) {
	const (
		acl     = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/gatehouse-test/1"
		version = "arn:aws:lambda:us-east-1:123456789012:function:gatehouse-test-edge-origin-1a2b3c4"
	)
	firewall := map[string][]string{acl: {"wafv2:GetWebACL"}}
	function := map[string][]string{version + ":*": {"lambda:DisableReplication*", "lambda:EnableReplication*", "lambda:GetFunction"}}
	both := map[string][]string{acl: firewall[acl], version + ":*": function[version+":*"]}
	for name, c := range map[string]struct {
		attached Attached
		want     map[string][]string
	}{
		"nothing":    {Attached{}, map[string][]string{}},
		"a firewall": {Attached{WebACLARN: pulumi.String(acl)}, firewall},
		"a function": {Attached{FunctionVersionARN: pulumi.String(version + ":7")}, function},
		"both":       {Attached{WebACLARN: pulumi.String(acl), FunctionVersionARN: pulumi.String(version + ":7")}, both},
	} {
		t.Run(name, func(t *testing.T) {
			found := pulumitest.Resolve(t, func(*pulumi.Context) (pulumi.Map, error) {
				return pulumi.Map{"policy": iampolicy.Document(c.attached.statements()...)}, nil
			})
			var document struct {
				Statement []struct{ Action, Resource []string }
			}
			require.NoError(t, json.Unmarshal([]byte(found["policy"].(string)), &document))
			allowed := map[string][]string{}
			for _, s := range document.Statement {
				require.Len(t, s.Resource, 1)
				allowed[s.Resource[0]] = s.Action
			}
			assert.Equal(t, c.want, allowed)
		})
	}
}
