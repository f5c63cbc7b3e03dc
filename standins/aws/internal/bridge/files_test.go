package bridge

import (
	"archive/zip"
	"os"
	"path/filepath"
	"testing"

	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/table"
)

func TestFilesAreNamedByTheirContent(t *testing.T) {
	files := &Files{}
	t.Cleanup(func() { assert.NoError(t, files.Close()) })
	folder := t.TempDir()
	path := func(content string) string {
		require.NoError(t, os.WriteFile(filepath.Join(folder, "bootstrap"), []byte(content), 0o600))
		a, err := archive.FromPath(folder)
		require.NoError(t, err)
		v, err := files.lower(true)(table.Archive, resource.NewArchiveProperty(a))
		require.NoError(t, err)
		return v.StringValue()
	}
	one := path("one")
	assert.Equal(t, one, path("one"))
	assert.NotEqual(t, one, path("two"))

	content, err := zip.OpenReader(one)
	require.NoError(t, err)
	defer content.Close() //nolint:errcheck // only read
	require.Len(t, content.File, 1)
	assert.Equal(t, "bootstrap", content.File[0].Name)
	assert.NotZero(t, content.File[0].Mode()&0o400)
}

func TestFilesAreOnlyWrittenToBeRead(t *testing.T) {
	files := &Files{}
	t.Cleanup(func() { assert.NoError(t, files.Close()) })
	a, err := asset.FromText("hello")
	require.NoError(t, err)
	planned, err := files.lower(false)(table.Asset, resource.NewAssetProperty(a))
	require.NoError(t, err)
	assert.NoFileExists(t, planned.StringValue())

	applied, err := files.lower(true)(table.Asset, resource.NewAssetProperty(a))
	require.NoError(t, err)
	assert.Equal(t, planned, applied)
	text, err := os.ReadFile(applied.StringValue())
	require.NoError(t, err)
	assert.Equal(t, "hello", string(text))

	// An asset from the state has only a hash.
	old, err := files.lower(true)(table.Asset, resource.NewAssetProperty(&resource.Asset{Hash: "0f"}))
	require.NoError(t, err)
	assert.NoFileExists(t, old.StringValue())

	require.NoError(t, files.Close())
	assert.NoDirExists(t, filepath.Dir(applied.StringValue()))
}

func TestValuesThatDiffer(t *testing.T) {
	text := (&schema.Schema{Type: shim.TypeString}).Shim()
	of := func(properties schema.SchemaMap) shim.Schema {
		return (&schema.Schema{Type: shim.TypeList, Elem: (&schema.Resource{Schema: properties}).Shim()}).Shim()
	}
	k := newKinds(table.Fields{
		"policy": {Kind: table.Any}, "delay": {Kind: table.Number}, "role_name": {Name: "role", Kind: table.Any},
		"targets": {Kind: table.Any},
		"rule":    {Fields: table.Fields{"enabled": {Kind: table.Bool}}},
		"renamed": {Name: "other"},
	}, schema.SchemaMap{
		"policy": text, "delay": text, "role_name": text, "renamed": text,
		"targets": (&schema.Schema{Type: shim.TypeList, Elem: text}).Shim(),
		"rule":    of(schema.SchemaMap{"enabled": text}),
	})
	unknown := resource.MakeComputed(resource.NewStringProperty(""))
	document := func(v resource.PropertyValue) resource.PropertyValue {
		return resource.NewObjectProperty(resource.PropertyMap{"Resource": v})
	}
	given := resource.PropertyMap{
		"policy": document(resource.NewStringProperty("*")),
		"delay":  resource.NewNumberProperty(30),
		"role": resource.NewResourceReferenceProperty(resource.ResourceReference{
			URN: "urn:pulumi:s::p::aws:iam/role:Role::r", ID: resource.NewStringProperty("r-1"),
		}),
		"targets": resource.NewArrayProperty([]resource.PropertyValue{resource.NewStringProperty("a"), unknown}),
		"rules": resource.NewArrayProperty([]resource.PropertyValue{
			resource.NewObjectProperty(resource.PropertyMap{"enabled": resource.NewBoolProperty(true)}),
		}),
		"other": document(resource.NewStringProperty("untouched")),
	}
	lowered, err := k.each(given, new(Files).lower(false))
	require.NoError(t, err)
	assert.Equal(t, resource.NewStringProperty(`{"Resource":"*"}`), lowered["policy"])
	assert.Equal(t, resource.NewStringProperty("r-1"), lowered["role"])
	assert.Equal(t, given["targets"], lowered["targets"])
	assert.Equal(t, given["other"], lowered["other"])

	raised, err := k.each(resource.PropertyMap{
		"policy": resource.NewStringProperty("{}"),
		"delay":  resource.NewStringProperty("30"),
		"rules": resource.NewArrayProperty([]resource.PropertyValue{
			resource.NewObjectProperty(resource.PropertyMap{"enabled": resource.NewStringProperty("true")}),
			resource.NewObjectProperty(resource.PropertyMap{"enabled": resource.NewStringProperty("")}),
		}),
	}, raise(nil))
	require.NoError(t, err)
	assert.Equal(t, resource.PropertyMap{
		"policy": resource.NewStringProperty("{}"),
		"delay":  resource.NewNumberProperty(30),
		"rules": resource.NewArrayProperty([]resource.PropertyValue{
			resource.NewObjectProperty(resource.PropertyMap{"enabled": resource.NewBoolProperty(true)}),
			resource.NewObjectProperty(resource.PropertyMap{"enabled": resource.NewNullProperty()}),
		}),
	}, raised)

	for name, test := range map[string]struct{ given, want resource.PropertyValue }{
		"a part is unknown": {document(unknown), unknown},
		"a part is secret": {
			document(resource.MakeSecret(resource.NewStringProperty("x"))),
			resource.MakeSecret(resource.NewStringProperty(`{"Resource":"x"}`)),
		},
		"all is secret": {
			resource.MakeSecret(document(resource.NewStringProperty("x"))),
			resource.MakeSecret(resource.NewStringProperty(`{"Resource":"x"}`)),
		},
		"null": {resource.NewNullProperty(), resource.NewNullProperty()},
	} {
		t.Run(name, func(t *testing.T) {
			lowered, err := k.each(resource.PropertyMap{"policy": test.given}, new(Files).lower(false))
			require.NoError(t, err)
			assert.Equal(t, test.want, lowered["policy"])
		})
	}
}

func TestNoKindsAreNothing(t *testing.T) {
	text := (&schema.Schema{Type: shim.TypeString}).Shim()
	assert.Nil(t, newKinds(table.Fields{"a": {Name: "b"}}, schema.SchemaMap{"a": text}))
}
