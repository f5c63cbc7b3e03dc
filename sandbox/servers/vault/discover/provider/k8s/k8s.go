// Package k8s replaces the provider for Kubernetes: see package discover.
package k8s

import (
	"errors"
	"log"
)

// Provider finds nothing.
type Provider struct{}

// Addrs always fails.
func (*Provider) Addrs(map[string]string, *log.Logger) ([]string, error) {
	return nil, errors.New("the discovery of peers is left out of this Vault")
}

// Help is empty.
func (*Provider) Help() string { return "" }
