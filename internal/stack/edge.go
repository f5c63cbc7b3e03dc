package stack

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/accesslogs"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/customdomain"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/edge"
	"github.com/gatehouse-iac/gatehouse/internal/edgefunction"
	"github.com/gatehouse-iac/gatehouse/internal/responseheaders"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
	"github.com/gatehouse-iac/gatehouse/internal/waf"
)

// declareDomain declares the certificate for the stack's own domain names. The ARN is
// nil without any.
func declareDomain(ctx *pulumi.Context, s config.Settings, p providers) (certificateARN pulumi.StringInput, err error) {
	if len(s.Domain.Names) == 0 {
		return nil, nil
	}
	certified, err := customdomain.New(ctx, "domain", &customdomain.Args{Settings: s.Domain}, pulumi.Provider(p.usEast1))
	if err != nil {
		return nil, err
	}
	return certified.ARN, nil
}

// declareEdge declares the distribution, with the firewall before it and the functions
// in it. It needs the API and the keyring. It returns what the rotator must be allowed
// to use when it updates the distribution.
func (c *components) declareEdge(ctx *pulumi.Context, d deployment.Deployment, p providers, certificateARN pulumi.StringInput) (rotation.Attached, error) {
	s := c.settings
	args := &edge.Args{
		Deployment:       d,
		Edge:             s.Edge,
		Origin:           s.Origin,
		OriginDomainName: c.api.DomainName,
		APIPrefix:        s.Gateway.Prefix,
		Stream:           c.streamOrigin(),
		KeyHeader:        s.Key.Header,
		Names:            s.Domain.Names,
		CertificateARN:   certificateARN,
	}
	if err := addFunctions(ctx, d, s, p, args); err != nil {
		return rotation.Attached{}, err
	}
	previousShield, err := previousShieldRegion(ctx)
	if err != nil {
		return rotation.Attached{}, err
	}
	args.PreviousShield = previousShield
	if s.Firewall.Enabled {
		c.firewall, err = waf.New(ctx, "firewall", &waf.Args{
			Deployment: d,
			Settings:   s.Firewall,
			BodyLimit:  s.Edge.BodyLimit,
			KeyHeader:  s.Key.Header,
		}, p.protected(p.usEast1))
		if err != nil {
			return rotation.Attached{}, err
		}
		args.WebACLARN = c.firewall.ARN
	}
	needed := []pulumi.Input{
		args.OriginDomainName, args.ResponseHeadersPolicyID, args.PlaygroundHeadersPolicyID, args.ViewerRequestARN,
		args.ViewerResponseARN, args.OriginRequestARN, args.WebACLARN, args.CertificateARN,
	}
	if args.Stream != nil {
		needed = append(needed, args.Stream.DomainName)
	}
	args.OriginKey = c.rotation.OriginKey(ctx, needed...)
	c.edge, err = edge.New(ctx, "edge", args, p.protected(p.regional))
	return rotation.Attached{WebACLARN: args.WebACLARN, FunctionVersionARN: args.OriginRequestARN}, err
}

// addFunctions declares the functions that run in CloudFront, and the headers that it adds
// to responses.
func addFunctions(ctx *pulumi.Context, d deployment.Deployment, s config.Settings, p providers, args *edge.Args) error {
	headers, err := responseheaders.New(ctx, "headers", &responseheaders.Args{
		Deployment: d,
		Settings:   s.ResponseHeaders,
		CORS:       s.CORS,
		Page:       s.Gateway.Playground,
	}, p.protected(p.regional))
	if err != nil {
		return err
	}
	args.ResponseHeadersPolicyID = headers.ID
	if s.Gateway.Playground {
		args.PlaygroundHeadersPolicyID = headers.PageID
	}

	var problemsPrefix string
	if s.Edge.ErrorDocuments {
		problemsPrefix = edge.ProblemsPrefix
	}
	var cloudFrontHeaders []string
	if s.OriginFunction.Enabled {
		origin, err := edgefunction.NewOrigin(ctx, "edge-origin", &edgefunction.OriginArgs{
			Deployment: d, Edge: s.Edge, Settings: s.OriginFunction, ProblemsPrefix: problemsPrefix,
		}, p.protected(p.usEast1))
		if err != nil {
			return err
		}
		args.OriginRequestARN = origin.VersionARN
		cloudFrontHeaders = []string{edgefunction.CountrySource}
	}
	viewer, err := edgefunction.NewViewer(ctx, "edge-viewer", &edgefunction.ViewerArgs{
		Deployment:        d,
		Edge:              s.Edge,
		CORS:              s.CORS,
		ResponseHeaders:   s.ResponseHeaders,
		Credential:        edgeCredential(s),
		Prefix:            s.Gateway.Prefix,
		ProblemsPrefix:    problemsPrefix,
		KeyHeader:         s.Key.Header,
		CloudFrontHeaders: cloudFrontHeaders,
	}, p.protected(p.regional))
	if err != nil {
		return err
	}
	args.ViewerRequestARN, args.ViewerResponseARN = viewer.RequestARN, viewer.ResponseARN
	return nil
}

// declareDNSAndLogs declares what needs the distribution: the DNS records of its domain
// names, and its access logs.
func (c *components) declareDNSAndLogs(ctx *pulumi.Context, d deployment.Deployment, p providers) (err error) {
	s := c.settings
	if s.Domain.ZoneID != "" {
		_, err := customdomain.NewRecords(ctx, "domain-records", &customdomain.RecordsArgs{
			Settings:               s.Domain,
			IPv6:                   s.Edge.IPv6,
			DistributionDomainName: c.edge.DomainName,
			DistributionZoneID:     c.edge.ZoneID,
		}, p.protected(p.regional))
		if err != nil {
			return err
		}
	}
	if s.AccessLogs.Enabled {
		c.accessLogs, err = accesslogs.New(ctx, "access-logs", &accesslogs.Args{
			Deployment:      d,
			Settings:        s.AccessLogs,
			DistributionARN: c.edge.DistributionARN,
			Global:          p.usEast1,
		}, p.protected(p.regional))
	}
	return err
}

// url returns the URL that clients use: with the first of the stack's own domain names,
// if it has any.
func (c components) url() pulumi.StringInput {
	if names := c.settings.Domain.Names; len(names) > 0 {
		return pulumi.String("https://" + names[0])
	}
	return c.edge.URL
}
