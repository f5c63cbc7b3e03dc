package main

import (
	"fmt"

	"github.com/hashicorp/vault/command/server"
)

// readConfig reads a configuration file of Vault's. Storage other than in memory, and more
// than one plain listener, are rejected.
func readConfig(path string) (*server.Config, error) {
	config, err := server.LoadConfigFile(path)
	switch {
	case err != nil:
		return nil, err
	case config.Storage == nil || config.Storage.Type != "inmem":
		return nil, fmt.Errorf(`%s: the only storage is "inmem"`, path)
	case len(config.Listeners) != 1 || config.Listeners[0].Type != "tcp" || !config.Listeners[0].TLSDisable:
		return nil, fmt.Errorf(`%s: the only listener is one of type "tcp" with "tls_disable"`, path)
	}
	return config, nil
}
