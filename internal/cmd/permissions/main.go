// Command permissions prints the IAM policies of a stack's pipeline as JSON, for a review
// or for tools that check policies. Account and region are examples.
//
//	go run ./internal/cmd/permissions
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/gatehouse-iac/gatehouse/internal/pipeline"
)

func main() {
	documents, err := pipeline.Documents(pipeline.Names{
		Partition: "aws", Region: "us-east-1", AccountID: "123456789012", Project: "gatehouse", Stack: "dev",
		Boundary: "arn:aws:iam::123456789012:policy/pipeline/gatehouse-dev-boundary",
		ZoneIDs:  []string{"Z0123456789ABCDEFGHIJ"},
	})
	if err == nil {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(documents)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "permissions:", err)
		os.Exit(1)
	}
}
