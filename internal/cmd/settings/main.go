// Command settings writes the reference of all settings to standard output. It is
// run in the project's folder:
//
//	go run ./internal/cmd/settings > docs/settings.md
package main

import (
	"fmt"
	"os"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

func main() {
	if err := command(); err != nil {
		fmt.Fprintln(os.Stderr, "settings:", err)
		os.Exit(1)
	}
}

func command() error {
	text, err := os.ReadFile("Pulumi.yaml")
	if err != nil {
		return fmt.Errorf("run this in the project's folder: %w", err)
	}
	reference, err := render(text, config.Options())
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(reference)
	return err
}
