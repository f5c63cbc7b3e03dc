// Package stack composes the components of one stack: it passes each the outputs of
// others that it needs, and exports what users and scripts need.
package stack

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/accesslogs"
	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/artifact"
	"github.com/gatehouse-iac/gatehouse/internal/chatapi"
	"github.com/gatehouse-iac/gatehouse/internal/clients"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/edge"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/observability"
	"github.com/gatehouse-iac/gatehouse/internal/restapi"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
	"github.com/gatehouse-iac/gatehouse/internal/waf"
)

// Deploy declares the whole stack with settings s and the functions built in
// artifacts, and exports its outputs: see exports.go. The readme is one of them.
func Deploy(ctx *pulumi.Context, s config.Settings, artifacts artifact.Directory, readme string) error {
	c, err := declare(ctx, s, artifacts)
	if err != nil {
		return err
	}
	c.readme = readme
	for name, value := range c.exports() {
		ctx.Export(name, value)
	}
	return nil
}

// components are the declared parts of the stack. Those that the settings leave out are
// nil, or the zero value.
type components struct {
	settings config.Settings
	name     string // the prefix of physical names
	readme   string

	notifier      *alerting.Notifier
	rotation      *rotation.Rotation
	schedule      *rotation.Schedule
	private       privateNetwork
	clients       *clients.Clients // nil if any viewer may ask
	model         *chatapi.API
	api           *httpapi.API
	streaming     *restapi.API // nil without streaming
	edge          *edge.Edge
	firewall      *waf.WebACL
	accessLogs    *accesslogs.Logs
	observability *observability.Observability
	certificates  certificates
}

func declare(ctx *pulumi.Context, s config.Settings, artifacts artifact.Directory) (components, error) {
	c := components{settings: s}
	p, err := newProviders(ctx, s)
	if err != nil {
		return c, err
	}
	d, err := deployment.New(ctx, p.regional, s, artifacts)
	if err != nil {
		return c, err
	}
	c.name = d.Name
	onAWS := p.protected(p.regional)

	// The certificate first, because there AWS can find that the settings are wrong.
	certificateARN, err := declareDomain(ctx, s, p)
	if err != nil {
		return c, err
	}
	c.notifier, err = alerting.New(ctx, "alerting", &alerting.Args{
		Deployment: d,
		Email:      s.Rotation.AlarmEmail,
		RunbookURL: s.Observability.RunbookURL,
	}, onAWS)
	if err != nil {
		return c, err
	}
	c.rotation, err = rotation.New(ctx, "rotation", &rotation.Args{
		Deployment: d,
		Key:        s.Key,
		Settings:   s.Rotation,
		APIPrefix:  s.Gateway.Prefix,
		CacheTime:  s.Key.MemoryTTL + s.Gateway.AuthorizerTTL,
	}, onAWS)
	if err != nil {
		return c, err
	}
	c.private, err = declarePrivate(ctx, d, s, p)
	if err != nil {
		return c, err
	}
	if err := c.declareClients(ctx, d, onAWS); err != nil {
		return c, err
	}
	if err := c.declareModel(ctx, d, p); err != nil {
		return c, err
	}
	c.api, err = httpapi.New(ctx, "gateway", &httpapi.Args{
		Deployment: d,
		Gateway:    s.Gateway,
		Key:        s.Key,
		Keyring:    c.rotation.Keyring,
		Routes:     slices.Concat(c.model.Routes, c.private.routes()),
		Clients:    c.clientsAccess(),
	}, onAWS)
	if err != nil {
		return c, err
	}
	if err := c.declareStreaming(ctx, d, onAWS); err != nil {
		return c, err
	}
	attached, err := c.declareEdge(ctx, d, p, certificateARN)
	if err != nil {
		return c, err
	}
	if err := c.declareDNSAndLogs(ctx, d, p); err != nil {
		return c, err
	}
	c.schedule, err = rotation.NewSchedule(ctx, "schedule", &rotation.ScheduleArgs{
		Deployment: d,
		Settings:   s.Rotation,
		Rotation:   c.rotation,
		Target:     c.rotationTarget(attached),
		Notifier:   c.notifier,
	}, onAWS)
	if err != nil {
		return c, err
	}
	if err := c.declareObservability(ctx, d, pulumi.Provider(p.regional)); err != nil {
		return c, err
	}
	c.certificates, err = declareCertificates(ctx, d, s, c.private, p.protect)
	return c, err
}
