package sdk

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const thingSource = `package things

type thingState struct {
	Arn     *string           ` + "`pulumi:\"arn\"`" + `
	Code    pulumi.Archive    ` + "`pulumi:\"code\"`" + `
	Parts   []ThingPart       ` + "`pulumi:\"parts\"`" + `
	Tags    map[string]string ` + "`pulumi:\"tags\"`" + `
	private int
}

type thingArgs struct {
	Name   *string        ` + "`pulumi:\"name\"`" + `
	Policy interface{}    ` + "`pulumi:\"policy\"`" + `
	Source pulumi.AssetOrArchive ` + "`pulumi:\"source\"`" + `
	Size   int            ` + "`pulumi:\"size\"`" + `
	Mode   Mode           ` + "`pulumi:\"mode\"`" + `
}

type Mode string

type ThingPart struct {
	On    bool        ` + "`pulumi:\"on\"`" + `
	Parts []ThingPart ` + "`pulumi:\"parts\"`" + `
}

func NewThing(ctx *pulumi.Context, name string, args *ThingArgs, opts ...pulumi.ResourceOption) (*Thing, error) {
	var resource Thing
	err := ctx.RegisterResource("aws:things/thing:Thing", name, args, &resource, opts...)
	return &resource, err
}

func (m *module) Construct(ctx *pulumi.Context, name, typ, urn string) (r pulumi.Resource, err error) {
	err = ctx.RegisterResource(typ, name, nil, r, pulumi.URN_(urn))
	return
}

type LookupThingArgs struct {
	Name string ` + "`pulumi:\"name\"`" + `
}

type LookupThingResult struct {
	Sizes []float64 ` + "`pulumi:\"sizes\"`" + `
}

func LookupThing(ctx *pulumi.Context, args *LookupThingArgs, opts ...pulumi.InvokeOption) (*LookupThingResult, error) {
	var rv LookupThingResult
	err := ctx.Invoke("aws:things/getThing:getThing", args, &rv, opts...)
	return &rv, err
}
`

func TestParse(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "thing.go"), []byte(thingSource), 0o600))
	p, err := Parse(folder)
	require.NoError(t, err)

	part := p.Resources["aws:things/thing:Thing"].Properties["parts"].Element.Object
	text := Type{Kind: String}
	assert.Equal(t, map[string]*Object{"aws:things/thing:Thing": {Properties: map[string]Type{
		"arn":    {Kind: String, Optional: true},
		"code":   {Kind: Archive},
		"parts":  {Kind: List, Element: &Type{Kind: Struct, Object: part}},
		"tags":   {Kind: Map, Element: &text},
		"name":   {Kind: String, Optional: true},
		"policy": {Kind: Any},
		"source": {Kind: Asset},
		"size":   {Kind: Number},
		"mode":   {Kind: String},
	}}}, p.Resources)
	assert.Equal(t, Bool, part.Properties["on"].Kind)
	assert.Same(t, part, part.Properties["parts"].Element.Object, "a type may contain itself")

	assert.Equal(t, map[string]*Object{"aws:things/getThing:getThing": {Properties: map[string]Type{
		"name":  text,
		"sizes": {Kind: List, Element: &Type{Kind: Number}},
	}}}, p.Functions)
	assert.Nil(t, p.Config)
}

func TestParseBrokenSource(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "thing.go"), []byte("package"), 0o600))
	_, err := Parse(folder)
	require.Error(t, err)
}
