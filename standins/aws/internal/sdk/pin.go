//go:build pin

package sdk

// Only its source is read, but go.mod must name its version.
import _ "github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
