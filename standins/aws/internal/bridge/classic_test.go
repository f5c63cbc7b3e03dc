package bridge

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-mux/tf5to6server"
	sdkdiag "github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/info"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
)

// The official plugin serves resources of terraform-plugin-sdk over the classic bridge. The tests execute
// that bridge, and run each case against this plugin as well.

const (
	distributionType  = "aws_cloudfront_distribution"
	distributionToken = "aws:cloudfront/distribution:Distribution"
	distributionURN   = "urn:pulumi:s::p::" + distributionToken + "::edge"
)

// bridges are the plugins that are compared, each over a Terraform provider of its own.
var bridges = map[string]func(*testing.T, *schema.Provider) pulumirpc.ResourceProviderServer{
	"classic": classicBridge, "ours": ourBridge,
}

func classicBridge(t *testing.T, terraform *schema.Provider) pulumirpc.ResourceProviderServer {
	p := shimv2.NewProvider(terraform)
	i := info.Provider{P: p, Name: "aws", Version: Version, Resources: map[string]*info.Resource{
		distributionType: {Tok: distributionToken},
	}}
	return tfbridge.NewProvider(t.Context(), nil, i.Name, i.Version, p, i, []byte(`{"name":"aws","version":"6.83.0"}`))
}

func ourBridge(t *testing.T, terraform *schema.Provider) pulumirpc.ResourceProviderServer {
	upgraded, err := tf5to6server.UpgradeServer(t.Context(), terraform.GRPCProvider)
	require.NoError(t, err)
	entries := map[string]*table.Entry{distributionToken: {Terraform: distributionType}}
	files := &Files{}
	t.Cleanup(func() { assert.NoError(t, files.Close()) })
	s, err := NewServer(t.Context(), &table.Table{Resources: entries}, upgraded, files, &recordedLog{})
	require.NoError(t, err)
	return s
}

// onBothBridges runs a test with each plugin, for a distribution with these timeouts of its own.
func onBothBridges(t *testing.T, own *schema.ResourceTimeout, run func(*testing.T, *deployment)) {
	for name, start := range bridges {
		t.Run(name, func(t *testing.T) {
			d := &deployment{classic: name == "classic"}
			distribution := d.distribution()
			distribution.Timeouts = own
			d.plugin = start(t, &schema.Provider{ResourcesMap: map[string]*schema.Resource{distributionType: distribution}})
			_, err := d.plugin.Configure(t.Context(), &pulumirpc.ConfigureRequest{})
			require.NoError(t, err)
			run(t, d)
		})
	}
}

// deployment is one distribution, as the engine deploys it through a plugin.
type deployment struct {
	classic bool
	plugin  pulumirpc.ResourceProviderServer
	sent    []string        // origins of the last request to the cloud
	limits  []time.Duration // how long each request might have taken
}

// distribution has the shape of CloudFront's in Terraform, as far as it matters here.
func (d *deployment) distribution() *schema.Resource {
	header := &schema.Resource{Schema: map[string]*schema.Schema{
		"name":  {Type: schema.TypeString, Required: true},
		"value": {Type: schema.TypeString, Required: true},
	}}
	origin := &schema.Resource{Schema: map[string]*schema.Schema{
		"origin_id":          {Type: schema.TypeString, Required: true},
		"connection_timeout": {Type: schema.TypeInt, Optional: true, Default: 10},
		"custom_header":      {Type: schema.TypeSet, Optional: true, Elem: header},
	}}
	write := func(_ context.Context, r *schema.ResourceData, _ any) sdkdiag.Diagnostics {
		operation := schema.TimeoutUpdate
		if r.IsNewResource() {
			operation = schema.TimeoutCreate
		}
		d.limits = append(d.limits, r.Timeout(operation))
		r.SetId("E1")
		d.sent = nil
		for _, element := range r.Get("origin").(*schema.Set).List() {
			d.sent = append(d.sent, sentOrigin(element.(map[string]any)))
		}
		slices.Sort(d.sent)
		return nil
	}
	return &schema.Resource{
		CreateContext: write, UpdateContext: write,
		ReadContext: func(context.Context, *schema.ResourceData, any) sdkdiag.Diagnostics { return nil },
		DeleteContext: func(_ context.Context, r *schema.ResourceData, _ any) sdkdiag.Diagnostics {
			d.limits = append(d.limits, r.Timeout(schema.TimeoutDelete))
			return nil
		},
		Schema: map[string]*schema.Schema{
			"comment": {Type: schema.TypeString, Optional: true},
			"origin":  {Type: schema.TypeSet, Required: true, Elem: origin},
		},
	}
}

func sentOrigin(element map[string]any) string {
	var values []string
	for _, header := range element["custom_header"].(*schema.Set).List() {
		values = append(values, header.(map[string]any)["value"].(string))
	}
	return fmt.Sprintf("%s %vs %q", element["origin_id"], element["connection_timeout"], values)
}

// input returns a program's inputs of the distribution.
type input struct {
	comment string
	origins []origin
}

type origin struct {
	id      string
	timeout int
	key     string // in its header
}

// check has the plugin complete what the program says.
func (d *deployment) check(t *testing.T, i input) *structpb.Struct {
	origins := []any{}
	for _, o := range i.origins {
		origins = append(origins, map[string]any{
			"originId": o.id, "connectionTimeout": o.timeout,
			"customHeaders": []any{map[string]any{"name": "x-origin-verify", "value": o.key}},
		})
	}
	s, err := structpb.NewStruct(map[string]any{"comment": i.comment, "origins": origins})
	require.NoError(t, err)
	answer, err := d.plugin.Check(t.Context(), &pulumirpc.CheckRequest{Urn: distributionURN, News: s})
	require.NoError(t, err)
	require.Empty(t, answer.GetFailures())
	return answer.GetInputs()
}

// create returns the state.
func (d *deployment) create(t *testing.T, i input, timeout float64) *structpb.Struct {
	answer, err := d.plugin.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: distributionURN, Properties: d.check(t, i), Timeout: timeout,
	})
	require.NoError(t, err)
	return answer.GetProperties()
}

// update returns the state, and whether there was anything to update.
func (d *deployment) update(
	t *testing.T, state *structpb.Struct, old, news input, ignore []string, timeout float64,
) (*structpb.Struct, bool) {
	oldInputs, newInputs := d.check(t, old), d.check(t, news)
	diff, err := d.plugin.Diff(t.Context(), &pulumirpc.DiffRequest{
		Id: "E1", Urn: distributionURN, Olds: state, OldInputs: oldInputs, News: newInputs, IgnoreChanges: ignore,
	})
	require.NoError(t, err)
	assert.Empty(t, diff.GetReplaces())
	if diff.GetChanges() == pulumirpc.DiffResponse_DIFF_NONE {
		return state, false
	}
	answer, err := d.plugin.Update(t.Context(), &pulumirpc.UpdateRequest{
		Id: "E1", Urn: distributionURN, Olds: state, OldInputs: oldInputs, News: newInputs,
		IgnoreChanges: ignore, Timeout: timeout,
	})
	require.NoError(t, err)
	return answer.GetProperties(), true
}
