package vaultserver

import (
	"context"
	"fmt"
	"os"

	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/toolcheck"
)

// Variable names the environment variable that chooses the product.
const Variable = "SANDBOX_VAULT"

// Product is a server that speaks Vault's API.
type Product string

// The products, as [Variable] names them.
const (
	OpenBao Product = "openbao"
	Vault   Product = "vault"
)

// Origin tells where the server's program comes from.
type Origin int

// The origins of a program.
const (
	Installed Origin = iota // on this machine
	Packaged                // in a Python package, which is downloaded
	Compiled                // from Go modules, which takes minutes
)

// Choice is the server that the sandbox runs.
type Choice struct {
	Product   Product
	Origin    Origin
	Installed toolcheck.Found // its program, with the origin of that name
}

// String returns the choice as progress shows it.
func (c Choice) String() string {
	switch c.Origin {
	case Installed:
		return fmt.Sprintf("%s %s, installed", names[c.Product], c.Installed.Version)
	case Packaged:
		return names[c.Product] + ", Python package"
	default:
		return names[c.Product] + "'s core, compiled"
	}
}

var names = map[Product]string{OpenBao: "OpenBao", Vault: "Vault"}

// Choose returns what the sandbox runs on this machine, which [Variable] may determine.
func Choose(ctx context.Context, l checkout.Layout) (Choice, error) {
	return choose(os.Getenv(Variable), programs[Vault].installed(ctx, l.Local()), programs[OpenBao].installed(ctx, l.Local()))
}

// choose decides by the setting and by what is installed: a program without a path is not.
func choose(setting string, vault, bao toolcheck.Found) (Choice, error) {
	var (
		installedVault = Choice{Vault, Installed, vault}
		installedBao   = Choice{OpenBao, Installed, bao}
	)
	switch product := Product(setting); {
	case product != "" && product != OpenBao && product != Vault:
		return Choice{}, fmt.Errorf("%s is %q; allowed: %s, %s; unset, an installed vault or bao, or else %s", Variable, setting, OpenBao, Vault, OpenBao)
	case product != OpenBao && vault.Path != "":
		return installedVault, nil
	case product == Vault:
		return Choice{Product: Vault, Origin: Compiled}, nil
	case bao.Path != "":
		return installedBao, nil
	default:
		return Choice{Product: OpenBao, Origin: Packaged}, nil
	}
}
