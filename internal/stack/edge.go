package stack

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/accesslogs"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/customdomain"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/edge"
	"github.com/gatehouse-iac/gatehouse/internal/edgefunction"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/responseheaders"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
	"github.com/gatehouse-iac/gatehouse/internal/waf"
)

// declareName makes the certificate for the stack's names. It is empty without any.
func declareName(ctx *pulumi.Context, s config.Settings, p providers) (certificateARN pulumi.StringInput, err error) {
	if len(s.Domain.Names) == 0 {
		return nil, nil
	}
	certified, err := customdomain.New(ctx, "domain", &customdomain.Args{Settings: s.Domain}, pulumi.Provider(p.global))
	if err != nil {
		return nil, err
	}
	return certified.ARN, nil
}

// behind is what the front door leads to, and who may pass.
type behind struct {
	api            *httpapi.API
	keys           *rotation.Rotation
	certificateARN pulumi.StringInput // nil without names
	guard          *pulumi.ResourceHook
}

// frontDoor is the distribution, with what it has of other services.
type frontDoor struct {
	*edge.Edge

	attached rotation.Attached
}

// declareEdge makes the distribution with all that stands before it and runs in it.
func declareEdge(ctx *pulumi.Context, d deployment.Deployment, s config.Settings, p providers, b behind) (frontDoor, pulumi.Map, error) {
	args := &edge.Args{
		Deployment:       d,
		Edge:             s.Edge,
		Origin:           s.Origin,
		OriginDomainName: b.api.DomainName,
		APIPrefix:        s.Gateway.Prefix,
		KeyHeader:        s.Key.Header,
		Names:            s.Domain.Names,
		CertificateARN:   b.certificateARN,
		Guard:            b.guard,
	}
	if err := addFunctions(ctx, d, s, p, args); err != nil {
		return frontDoor{}, nil, err
	}
	previousShield, err := previousShieldRegion(ctx)
	if err != nil {
		return frontDoor{}, nil, err
	}
	args.PreviousShield = previousShield
	exports := pulumi.Map{shieldExport: pulumi.String(s.Origin.ShieldRegion)}
	if s.Firewall.Enabled {
		wall, err := waf.New(ctx, "firewall", &waf.Args{
			Deployment: d,
			Settings:   s.Firewall,
			BodyLimit:  s.Edge.BodyLimit,
			KeyHeader:  s.Key.Header,
		}, p.kept(p.global))
		if err != nil {
			return frontDoor{}, nil, err
		}
		args.WebACLARN = wall.ARN
		exports["webAclArn"] = wall.ARN
	}
	args.OriginKey = b.keys.OriginKey(ctx, args.OriginDomainName, args.ResponseHeadersPolicyID, args.ViewerRequestARN,
		args.ViewerResponseARN, args.OriginRequestARN, args.WebACLARN, args.CertificateARN)
	front, err := edge.New(ctx, "edge", args, p.kept(p.here))
	if err != nil {
		return frontDoor{}, nil, err
	}
	about, err := declareAround(ctx, d, s, p, front)
	maps.Copy(exports, about)
	return frontDoor{front, rotation.Attached{WebACLARN: args.WebACLARN, FunctionVersionARN: args.OriginRequestARN}}, exports, err
}

// addFunctions makes what runs in CloudFront, and what it adds to answers.
func addFunctions(ctx *pulumi.Context, d deployment.Deployment, s config.Settings, p providers, args *edge.Args) error {
	answers, err := responseheaders.New(ctx, "headers", &responseheaders.Args{
		Deployment: d,
		Settings:   s.ResponseHeaders,
		CORS:       s.CORS,
	}, p.kept(p.here))
	if err != nil {
		return err
	}
	args.ResponseHeadersPolicyID = answers.ID

	var problemsPrefix string
	if s.Edge.ErrorDocuments {
		problemsPrefix = edge.ProblemsPrefix
	}
	var cloudFrontHeaders []string
	if s.OriginFunction.Enabled {
		origin, err := edgefunction.NewOrigin(ctx, "edge-origin", &edgefunction.OriginArgs{
			Deployment: d, Edge: s.Edge, Settings: s.OriginFunction, ProblemsPrefix: problemsPrefix,
		}, p.kept(p.global))
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
		Prefix:            s.Gateway.Prefix,
		ProblemsPrefix:    problemsPrefix,
		KeyHeader:         s.Key.Header,
		CloudFrontHeaders: cloudFrontHeaders,
	}, p.kept(p.here))
	if err != nil {
		return err
	}
	args.ViewerRequestARN, args.ViewerResponseARN = viewer.RequestARN, viewer.ResponseARN
	return nil
}

// declareAround makes what needs the distribution: its names' records, and its logs.
func declareAround(ctx *pulumi.Context, d deployment.Deployment, s config.Settings, p providers, front *edge.Edge) (pulumi.Map, error) {
	exports := pulumi.Map{"url": front.URL}
	if len(s.Domain.Names) > 0 {
		exports["url"] = pulumi.String("https://" + s.Domain.Names[0])
	}
	if s.Domain.ZoneID != "" {
		_, err := customdomain.NewRecords(ctx, "domain-records", &customdomain.RecordsArgs{
			Settings:               s.Domain,
			IPv6:                   s.Edge.IPv6,
			DistributionDomainName: front.DomainName,
			DistributionZoneID:     front.ZoneID,
		}, p.kept(p.here))
		if err != nil {
			return nil, err
		}
	}
	if s.AccessLogs.Enabled {
		logs, err := accesslogs.New(ctx, "access-logs", &accesslogs.Args{
			Deployment:      d,
			Settings:        s.AccessLogs,
			DistributionARN: front.DistributionARN,
			Global:          p.global,
		}, p.kept(p.here))
		if err != nil {
			return nil, err
		}
		exports["accessLogsBucket"] = logs.BucketName
	}
	return exports, nil
}
