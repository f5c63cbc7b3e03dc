package pulumicli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const engineModule = "github.com/pulumi/pulumi/pkg/v3"

// edit removes text from a file of the engine: what follows the only occurrence of from, up
// to the first occurrence of to after it, both included.
type edit struct{ file, from, to string }

// The sandbox keeps its state in a folder and encrypts it with a passphrase. These edits
// leave out state and keys in clouds, `pulumi logs` of cloud resources and `pulumi api`: a
// third of the packages of the engine, and half of the time to compile it.
var (
	edits = []edit{
		{"backend/diy/backend.go", "\t_ \"gocloud.dev/blob/azureblob\"", "\n"},
		{"backend/diy/backend.go", "\t\"gocloud.dev/blob/gcsblob\"", "\n"},
		{"backend/diy/backend.go", "\t_ \"gocloud.dev/blob/s3blob\"", "\n"},
		{"backend/diy/backend.go", "\t\"" + engineModule + "/authhelpers\"", "\n"},
		{"backend/diy/backend.go", "\tif p.Scheme == gcsblob.Scheme {\n", "\n\t}\n"},
		{"backend/diy/bucket.go", "\tawss3 \"github.com/aws/aws-sdk-go-v2/service/s3\"", "\n"},
		{"backend/diy/bucket.go", "\t\"net/url\"", "\n"},
		{"backend/diy/bucket.go", "\tbeforeCopy := optsCopy.BeforeCopy\n", "\n\t}\n"},
		{"backend/diy/bucket.go", "func fixupS3CopySource(", "\n}\n"},
		{"secrets/cloud/manager.go", "\t_ \"gocloud.dev/secrets/awskms\"", "// support for hashivault://\n"},
		{"secrets/cloud/manager.go", "\t\"google.golang.org/api/cloudkms/v1\"", "\n"},
		{"secrets/cloud/manager.go", "\t\"" + engineModule + "/authhelpers\"", "\n"},
		{"secrets/cloud/manager.go", "\tcase gcpkms.Scheme:\n", "OpenKeeperURL(ctx, u)\n"},
		{"operations/resources.go", "\tcase \"cloud\":\n", "GCPOperationsProvider(ctx, ops.config, ops.resource)\n"},
		{"cmd/pulumi/pulumi.go", "\t\"" + engineModule + "/cmd/pulumi/cloud\"", "\n"},
		{"cmd/pulumi/pulumi.go", "\t\t\t\tcloud.NewAPICmd(),", "\n"},
		{"cmd/pulumi/cloud/envelope.go", "\tParameters      []ParamSpec", "\n"},
	}
	leftOut = []string{
		"operations/operations_aws.go", "operations/operations_cloud_aws.go", "operations/operations_gcp.go",
		"cmd/pulumi/cloud/api.go", "cmd/pulumi/cloud/describe.go", "cmd/pulumi/cloud/describe_markdown.go",
		"cmd/pulumi/cloud/encoding.go", "cmd/pulumi/cloud/fields.go", "cmd/pulumi/cloud/format.go",
		"cmd/pulumi/cloud/list.go", "cmd/pulumi/cloud/output.go", "cmd/pulumi/cloud/paginate.go",
		"cmd/pulumi/cloud/pathmatch.go", "cmd/pulumi/cloud/schema.go", "cmd/pulumi/cloud/spec.go",
		"cmd/pulumi/cloud/spec_fetch.go",
	}
)

// cut applies the edits to the source in a folder.
func cut(dir string) error {
	for _, e := range edits {
		path := filepath.Join(dir, filepath.FromSlash(e.file))
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		before, after, found := strings.Cut(string(content), e.from)
		_, rest, ends := strings.Cut(after, e.to)
		if !found || !ends || strings.Contains(after, e.from) {
			return fmt.Errorf("engine %s: %s does not have %q once, with %q after it", Version, e.file, e.from, e.to)
		}
		if err := os.WriteFile(path, []byte(before+rest), 0o600); err != nil {
			return err
		}
	}
	for _, name := range leftOut {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return fmt.Errorf("engine %s: %w", Version, err)
		}
	}
	return nil
}
