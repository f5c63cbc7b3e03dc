package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
)

// status prints which servers run, and where the deployed stack answers. It takes no lock:
// a deployment may be under way.
func status(ctx context.Context, l checkout.Layout, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, state, address string) { fmt.Fprintf(w, "%s\t%s\t%s\n", name, state, address) }
	for _, server := range env.Statuses(l) {
		if server.Running {
			line(server.Name, fmt.Sprintf("process %d", server.PID), server.Address)
		} else {
			line(server.Name, "not running", "")
		}
	}
	e, err := env.Attach(ctx, l, func(string, ...any) {})
	switch {
	case errors.Is(err, env.ErrNotRunning):
		line("stack", "not deployed", "")
	case err != nil:
		line("stack", "unknown", err.Error())
	default:
		found := endpointsOf(e)
		line("stack", "deployed", e.ModelsURL(found.DistributionURL))
		line("", "bypassing CloudFront", e.ModelsURL(found.APIURL))
		if found.VPCLinkURL != "" {
			line("", "private route", found.VPCLinkURL)
		}
		line("", "kubeconfig", found.Kubeconfig)
	}
	return w.Flush()
}
