package stack

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/clients"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/edgefunction"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

// openWarning is the warning of a stack without clients, at each preview and update.
const openWarning = "gatehouse:clientAccess is open: any viewer who finds the address may use the models at your expense. " +
	"Set it to migrating, hand out keys, and set it to keys"

// declareClients declares the table of clients, unless any viewer may ask.
func (c *components) declareClients(ctx *pulumi.Context, d deployment.Deployment, onAWS pulumi.ResourceOption) (err error) {
	if !c.settings.Clients.Enabled() {
		return ctx.Log.Warn(openWarning, nil)
	}
	c.clients, err = clients.New(ctx, "clients", &clients.Args{Deployment: d, Settings: c.settings.Clients, Notifier: c.notifier}, onAWS)
	return err
}

// edgeCredential returns what the edge does with clients' credentials, nil while the API is
// open.
func edgeCredential(s config.Settings) *edgefunction.Credential {
	if !s.Clients.Enabled() {
		return nil
	}
	return &edgefunction.Credential{
		Required:   s.Clients.Access == lambdaenv.ClientAccessKeys,
		Tokens:     len(s.Clients.Issuers) > 0,
		Playground: s.Gateway.Playground,
	}
}

// clientAlarms returns the ends of the names of alarms about clients' credentials.
func (c *components) clientAlarms() []string {
	if c.clients == nil {
		return nil
	}
	return c.clients.Alarms
}

// clientsAccess returns what a function needs to use the table of clients, nil without
// one.
func (c *components) clientsAccess() *clients.Access {
	if c.clients == nil {
		return nil
	}
	return c.clients.Access
}
