package dashboardsvg_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/costs/coststest"
	"github.com/gatehouse-iac/gatehouse/internal/dashboardsvg"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

var update = flag.Bool("update", false, "write docs/dashboard.svg")

const document = "../../docs/dashboard.svg"

// body returns the body of the dashboard of Pulumi.prod.yaml's stack. The mocked stack has
// another name.
func body(t *testing.T) string {
	t.Helper()
	for _, r := range coststest.Declare(t, coststest.Settings(t, "prod", nil)) {
		if r.Type == "aws:cloudwatch/dashboard:Dashboard" {
			body := r.Inputs.Get("dashboardBody").AsString()
			return strings.ReplaceAll(body, pulumitest.Project+"-"+pulumitest.Stack, pulumitest.Project+"-prod")
		}
	}
	require.Fail(t, "the stack has no dashboard")
	return ""
}

// The picture must be that of the program as it is. `make docs` writes it.
func TestDocumentIsUpToDate(t *testing.T) {
	wanted, err := dashboardsvg.Render("The CloudWatch dashboard of the stack prod: its layout, without data", body(t))
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(document, []byte(wanted), 0o644))
		return
	}
	current, err := os.ReadFile(document)
	require.NoError(t, err)
	assert.True(t, wanted == string(current), "docs/dashboard.svg is not up to date: run `make docs`")
}

// Nothing that the dashboard of this stack shows is cut or left out.
func TestDocumentShowsEverything(t *testing.T) {
	picture, err := os.ReadFile(document)
	require.NoError(t, err)
	assert.NotContains(t, string(picture), "…</text>")
	assert.NotRegexp(t, `>and \d+ more<`, string(picture))
}
