package main

import (
	"fmt"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/command/server"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

// newCore creates a core. It is initialised and unsealed through its API.
func newCore(config *server.Config, logger hclog.Logger) (*vault.Core, error) {
	storage, err := inmem.NewInmem(nil, logger.Named("storage"))
	if err != nil {
		return nil, err
	}
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:           storage,
		StorageType:        config.Storage.Type,
		LogicalBackends:    secretsEngines,
		CredentialBackends: authMethods,
		BuiltinRegistry:    registry{},
		RawConfig:          config,
		RedirectAddr:       config.APIAddr,
		DisableMlock:       config.DisableMlock,
		Logger:             logger,
	})
	if err != nil {
		return nil, fmt.Errorf("create the core: %w", err)
	}
	return core, nil
}
