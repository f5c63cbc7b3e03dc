// Command find prints the Terraform AWS provider that the plugin would drive. Without one it says how to install it,
// and its exit status is 1.
package main

import (
	"fmt"
	"os"

	"github.com/pulumi/pulumi-terraform-bridge/v3/dynamic/pulumi-resource-aws/internal/mirror"
)

func main() {
	found, err := mirror.Here().Find()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(found.Path)
}
