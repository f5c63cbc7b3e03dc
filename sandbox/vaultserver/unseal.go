package vaultserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

// readyTime bounds the time from unsealing until the server serves requests.
const readyTime = 30 * time.Second

// unseal initialises a new server and unseals it. It returns the root token. The key by
// which it is unsealed is forgotten: the server's storage ends with it.
func unseal(ctx context.Context, c restclient.Client) (token string, err error) {
	var made struct {
		Keys  []string `json:"keys_base64"`
		Token string   `json:"root_token"`
	}
	shares := map[string]int{"secret_shares": 1, "secret_threshold": 1}
	if err := c.Do(ctx, http.MethodPut, "/sys/init", shares, &made); err != nil {
		return "", fmt.Errorf("initialise Vault: %w", err)
	}
	if len(made.Keys) != 1 || made.Token == "" {
		return "", fmt.Errorf("initialise Vault: it returned %d keys, and a token of %d characters", len(made.Keys), len(made.Token))
	}
	if err := c.Do(ctx, http.MethodPut, "/sys/unseal", map[string]string{"key": made.Keys[0]}, nil); err != nil {
		return "", fmt.Errorf("unseal Vault: %w", err)
	}
	return made.Token, awaitHealthy(ctx, c)
}

func awaitHealthy(ctx context.Context, c restclient.Client) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyTime, errors.New("it is not ready"))
	defer cancel()
	for {
		err := c.Do(ctx, http.MethodGet, "/sys/health", nil, nil)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("unseal Vault: %w: %w", context.Cause(ctx), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// unsealed reports whether a server was initialised and unsealed. One that was started
// earlier and is not must be replaced: its key is lost with the driver that was killed.
func unsealed(ctx context.Context, c restclient.Client) bool {
	var status struct{ Initialized, Sealed bool }
	err := c.Do(ctx, http.MethodGet, "/sys/seal-status", nil, &status)
	return err == nil && status.Initialized && !status.Sealed
}
