package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/command/server"
	"github.com/hashicorp/vault/helper/namespace"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

// start creates a core, initialises it and unseals it. It returns the root token.
func start(address string, logger hclog.Logger) (*vault.Core, string, error) {
	storage, err := inmem.NewInmem(nil, logger.Named("storage"))
	if err != nil {
		return nil, "", err
	}
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:           storage,
		StorageType:        "inmem",
		LogicalBackends:    secretsEngines,
		CredentialBackends: authMethods,
		BuiltinRegistry:    registry{},
		RawConfig:          server.NewConfig(),
		RedirectAddr:       address,
		DisableMlock:       true, // this server has no secrets of value, and mlock may not be permitted
		Logger:             logger,
	})
	if err != nil {
		return nil, "", fmt.Errorf("create the core: %w", err)
	}
	ctx := namespace.ContextWithNamespace(context.Background(), namespace.RootNamespace)
	keys, err := core.Initialize(ctx, &vault.InitParams{BarrierConfig: &vault.SealConfig{SecretShares: 1, SecretThreshold: 1}})
	if err != nil {
		return nil, "", fmt.Errorf("initialise: %w", err)
	}
	unsealed, err := core.Unseal(keys.SecretShares[0])
	if err == nil && !unsealed {
		err = errors.New("one key was not enough")
	}
	if err != nil {
		return nil, "", fmt.Errorf("unseal: %w", err)
	}
	return core, keys.RootToken, nil
}
