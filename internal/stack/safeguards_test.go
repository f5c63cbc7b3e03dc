package stack_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// unprotected lists the components whose resources are replaced as a matter of course: a
// protected resource can't be replaced either.
var unprotected = map[string]string{
	"gatehouse:inference:Inference":         "targets and listeners come and go with the settings",
	"gatehouse:observability:Observability": "no data is lost with it",
	"gatehouse:domain:Domain":               "another name is another certificate",
	"gatehouse:authority:Authority":         "the intermediate is renewed",
	"gatehouse:certificate:Certificate":     "it is renewed",
	"gatehouse:workload:Workload":           "it comes and goes with the settings",
}

// component returns the type of the component that r belongs to, or is.
func component(r pulumitest.Registration) string {
	if r.Custom() {
		return string(urn.URN(r.Request.GetParent()).Type())
	}
	return r.Type
}

func TestProtectedStackIsProtectedAsAWhole(t *testing.T) {
	for name, s := range shapes(t) {
		t.Run(name, func(t *testing.T) {
			s.Safeguards.Protect = true
			for _, r := range deploy(t, s).All() {
				_, changes := unprotected[component(r)]
				if r.Type == "vault:index/mount:Mount" {
					changes = false // the authority's keys are in it
				}
				if r.Type == "aws:dynamodb/tableItem:TableItem" {
					changes = true // the end of a migration deletes it
				}
				assert.Equal(t, !changes, r.Request.GetProtect(), "%s %s", r.Type, r.Name)
			}
		})
	}
}

// The engine protects the table from itself only, and DynamoDB from everyone else.
func TestTableOfClientsIsProtectedInAWS(t *testing.T) {
	for _, protect := range []bool{false, true} {
		s := shapes(t)["clients"]
		s.Safeguards.Protect = protect
		table := deploy(t, s).Only(t, "aws:dynamodb/table:Table")
		assert.Equal(t, protect, table.Input("deletionProtectionEnabled").BoolValue())
	}
}

func TestProtectionIsOptional(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.All() {
			assert.False(t, r.Request.GetProtect(), "%s %s", r.Type, r.Name)
		}
	})
}

// holdsData reports whether deleting the resource loses data: the next deployment creates
// the others again. The configuration that makes a bucket private stays with it. Keys are
// not among them: the keyring is emptied with the stack, and KMS keeps its key for a month.
func holdsData(r pulumitest.Registration) bool {
	return r.Type == "aws:cloudwatch/logGroup:LogGroup" || r.Type == "aws:dynamodb/table:Table" || strings.HasPrefix(r.Type, "aws:s3/bucket")
}

func TestDataIsRetainedIfConfigured(t *testing.T) {
	for name, s := range shapes(t) {
		t.Run(name, func(t *testing.T) {
			for _, retain := range []bool{false, true} {
				s.Safeguards.RetainOnDelete = retain
				for _, r := range deploy(t, s).All() {
					assert.Equal(t, retain && holdsData(r), r.Request.GetRetainOnDelete(), "%s %s", r.Type, r.Name)
				}
			}
		})
	}
}

func TestRolesHavePermissionsBoundary(t *testing.T) {
	const boundary = "arn:aws:iam::123456789012:policy/gatehouse-test-boundary"
	for name, s := range shapes(t) {
		t.Run(name, func(t *testing.T) {
			s.Safeguards.PermissionsBoundaryARN = boundary
			roles := deploy(t, s).OfType("aws:iam/role:Role")
			require.NotEmpty(t, roles)
			for _, role := range roles {
				assert.Equal(t, boundary, role.Text("permissionsBoundary"), role.Name)
			}
		})
	}
}
