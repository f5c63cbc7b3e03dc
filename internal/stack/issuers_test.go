package stack_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/token"
)

const functionType = "aws:lambda/function:Function"

// What identifies clients knows the same issuers as what reads their keys, and the edge
// passes tokens on only where they are accepted.
func TestIssuersAreKnownToAllOrToNone(t *testing.T) {
	for shape, s := range shapes(t) {
		t.Run(shape, func(t *testing.T) {
			recorder, issuers := deploy(t, s), s.Clients.Issuers
			knowing := map[string]bool{}
			for _, f := range recorder.OfType(functionType) {
				if written := f.Input("environment.variables." + lambdaenv.OIDCIssuersVariable); written.IsString() {
					assert.Equal(t, token.JoinIssuers(issuers), written.StringValue(), f.Name)
					knowing[strings.TrimPrefix(f.Text("name"), "gatehouse-test-")] = true
				}
			}
			tokens := false
			for _, f := range recorder.OfType("aws:cloudfront/function:Function") {
				tokens = tokens || strings.Contains(f.Text("code"), `"tokens":true`)
			}
			assert.Equal(t, len(issuers) > 0, tokens, "at the edge")
			if len(issuers) == 0 {
				assert.Empty(t, knowing)
				return
			}
			assert.Equal(t, map[string]bool{"issuers": true, "model": true, "model-stream": true, "authorizer": true}, knowing)
		})
	}
}

// No function can make a client, a key or a subject's mapping.
func TestFunctionsPutNothingButIssuersKeys(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, r := range recorder.OfType("aws:iam/rolePolicy:RolePolicy") {
			var policy struct {
				Statement []struct {
					Action    []string
					Condition json.RawMessage
				}
			}
			require.NoError(t, json.Unmarshal([]byte(r.Text("policy")), &policy), r.Name)
			for _, s := range policy.Statement {
				for _, action := range s.Action {
					if action != "dynamodb:PutItem" {
						continue
					}
					assert.Equal(t, "clients-issuers-policy", r.Name)
					assert.JSONEq(t, `{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["I#*"]}}`, string(s.Condition))
				}
			}
		}
	})
}
