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
	for _, server := range env.Statuses(l) {
		address := "not running"
		if server.Running {
			address = fmt.Sprintf("process %d\t%s", server.PID, server.Address)
		}
		fmt.Fprintf(w, "%s\t%s\n", server.Name, address)
	}
	e, err := env.Attach(ctx, l, func(string, ...any) {})
	switch {
	case errors.Is(err, env.ErrNotRunning):
		fmt.Fprintln(w, "stack\tnot deployed")
	case err != nil:
		fmt.Fprintf(w, "stack\t%v\n", err)
	default:
		found := endpointsOf(e)
		fmt.Fprintf(w, "stack\tdeployed\n")
		fmt.Fprintf(w, "distribution\t\t%s\n", e.ModelsURL(found.DistributionURL))
		fmt.Fprintf(w, "API\t\t%s\n", e.ModelsURL(found.APIURL))
		if found.VPCLinkURL != "" {
			fmt.Fprintf(w, "private route\t\t%s\n", found.VPCLinkURL)
		}
		fmt.Fprintf(w, "kubeconfig\t\t%s\n", found.Kubeconfig)
	}
	return w.Flush()
}
