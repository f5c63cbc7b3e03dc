// Command upstream is the official Kubernetes provider. It serves no schema, which the
// engine doesn't need to run a program.
package main

import (
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

func main() { provider.Serve("kubernetes", version.Version, nil, nil) }
