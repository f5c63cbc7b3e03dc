// Package serve runs a provider as the plugin that the Pulumi CLI starts.
package serve

import (
	"fmt"
	"os"
	"time"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Main serves p to the CLI that started this process, and ends with it, also when
// it was killed. The name is the package's, "vault", and the version its SDK's,
// "6.7.4".
func Main(name, version string, p plugin.Provider) {
	parent := os.Getppid() // now: it may end before another goroutine runs
	go func() {
		awaitEnd(parent)
		os.Exit(1)
	}()
	err := provider.Main(name, func(*provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
		parsed, err := semver.ParseTolerant(version)
		return newServer(wrap(p, parsed)), err
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-resource-%s: %v\n", name, err)
		os.Exit(1)
	}
}

// awaitEnd returns when the process that started this one has ended: a CLI that
// was killed does not end its plugins.
func awaitEnd(parent int) {
	for os.Getppid() == parent {
		time.Sleep(time.Second)
	}
}
