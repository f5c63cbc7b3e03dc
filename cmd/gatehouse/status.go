package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorclient"
)

// showStatus prints the status of the rotation.
func showStatus(ctx context.Context, c rotatorclient.Client) error {
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	return printStatus(c.Out, status)
}

func printStatus(w io.Writer, status rotatorapi.Status) error {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	row := func(columns ...string) { _, _ = fmt.Fprintln(table, strings.Join(columns, "\t")) }
	row("KEY", "AGE", "")
	for _, key := range status.Keys {
		use := ""
		if key.InUse {
			use = "in use"
		}
		row(string(key.Name), key.Age, use)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	deployed := "deployed everywhere"
	if !status.Deployed {
		deployed = "being deployed for " + status.DeployingFor
	}
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }
	printf("CloudFront sends %s; changed %s ago, %s.", status.Header, status.ModifiedAgo, deployed)
	for _, origin := range status.Origins {
		printf("To origin %s it sends %s.", origin.ID, strings.TrimSuffix(origin.Header+" ("+string(origin.Key)+")", " ()"))
	}
	printf("Next: %s, because %s.", status.Next.Action, status.Next.Reason)
	if status.Next.RetryAfter != "" {
		printf("Another step can follow in %s.", status.Next.RetryAfter)
	}
	return nil
}
