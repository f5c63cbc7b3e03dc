package costs

import (
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Request describes the average request.
type Request struct {
	BytesIn, BytesOut   float64 // bodies and headers
	TokensIn, TokensOut float64
	ModelSeconds        float64
	Log                 float64 // bytes, of the API and of the function together
}

// Usual is a short request with a short response.
var Usual = Request{BytesIn: 1500, BytesOut: 2000, TokensIn: 300, TokensOut: 200, ModelSeconds: 1.5, Log: 1800}

// million is the number of requests that costs in use are for.
const million = 1e6

// PerMillion returns the costs of a million requests to POST /api/models. The authorizer's
// decisions are cached for authorizerTTL; logs are kept for retention.
func (p Prices) PerMillion(resources []Resource, r Request, authorizerTTL, retention time.Duration) ([]Item, error) {
	model, err := function(resources, "model")
	if err != nil {
		return nil, err
	}
	items, err := p.AcceptedPerMillion(resources, r, authorizerTTL, retention)
	if err != nil {
		return nil, err
	}
	clients, err := p.clientRequests(resources)
	if err != nil {
		return nil, err
	}
	items = append(append(items, clients...), Item{"Model's function", million, "invocations", p.runs(model, million, r.ModelSeconds)})
	return append(append(items, p.tokens(r)...), p.logs(r, retention)), nil
}

// authorizerItem and the start modelItem are the names of items that [Prices.Month] and
// [WithoutModel] know.
const (
	authorizerItem = "Authorizer"
	modelItem      = "Amazon Nova Micro"
)

// tokens returns the costs of a million requests' tokens.
func (p Prices) tokens(r Request) []Item {
	return []Item{
		{modelItem + ", tokens in", million * r.TokensIn, "tokens", million * r.TokensIn / 1e6 * p.of("novaMicroIn")},
		{modelItem + ", tokens out", million * r.TokensOut, "tokens", million * r.TokensOut / 1e6 * p.of("novaMicroOut")},
	}
}

// authorizations returns the costs of the authorizer's runs in a month: API Gateway caches
// each decision for ttl, and there is one key.
func (p Prices) authorizations(authorizer Resource, ttl time.Duration) Item {
	runs := million
	if ttl > 0 {
		runs = hours * float64(time.Hour) / float64(ttl)
	}
	return Item{authorizerItem, runs, "invocations", p.runs(authorizer, runs, AuthorizerSeconds)}
}

// AuthorizerSeconds is the duration of a decision with a cached keyring.
const AuthorizerSeconds = 0.005

// PerMillionPrivate returns the same for requests to the private model, without the costs
// of the model's machines.
func (p Prices) PerMillionPrivate(resources []Resource, r Request, retention time.Duration) []Item {
	return append(p.edgeAndAPI(resources, r, retention), p.loadBalancerCapacity(), p.logs(r, retention))
}

// logs returns the costs of logs that are written once for each request and kept for
// retention.
func (p Prices) logs(r Request, retention time.Duration) Item {
	gb := million * r.Log / 1e9
	return Item{"Logs, until they end", gb, "GB", gb * (p.of("logsIngested") + retention.Hours()/hours*p.of("logsStored"))}
}

func (p Prices) loadBalancerCapacity() Item {
	capacity := million / (connectionsPerUnit * 3600)
	return Item{"Load balancer's capacity", capacity, "units and hours", capacity * p.of("loadBalancerCapacity")}
}

// connectionsPerUnit is the number of new connections per second in one capacity unit of a
// load balancer: the dimension of which a request uses most.
const connectionsPerUnit = 25

// Duration and memory of an edge function: seconds, and GB, the minimum.
const (
	edgeSeconds = 0.003
	edgeMemory  = 0.125
)

// runsAtTheEdge reports whether a behavior of the distribution has a Lambda function.
func runsAtTheEdge(distribution Resource) bool {
	behaviors := append(distribution.list("orderedCacheBehaviors"), distribution.at("defaultCacheBehavior"))
	return slices.ContainsFunc(behaviors, func(behavior property.Value) bool {
		return behavior.IsMap() && !behavior.AsMap().Get("lambdaFunctionAssociations").IsNull()
	})
}

func (p Prices) cloudFront(r Request) []Item {
	in, out := million*r.BytesIn/1e9, million*r.BytesOut/1e9
	return []Item{
		{"CloudFront, requests", million, "requests", p.of("cloudfrontRequests")},
		{"CloudFront, to viewers", out, "GB", out * p.of("cloudfrontToViewers")},
		{"CloudFront, to the API", in, "GB", in * p.of("cloudfrontToOrigin")},
	}
}

// accessLogLine is the size of a request's line in the access logs, in bytes. Its delivery
// to a bucket is free.
const accessLogLine = 1000

// edgeAndAPI returns the costs of a million requests in CloudFront and in the HTTP API.
func (p Prices) edgeAndAPI(resources []Resource, r Request, retention time.Duration) []Item {
	return append(p.edge(resources, r, retention), Item{"HTTP API", million, "requests", p.of("httpApi")})
}

// edge returns the costs of a million requests in CloudFront, in the order of the resources'
// types.
func (p Prices) edge(resources []Resource, r Request, retention time.Duration) []Item {
	items := p.cloudFront(r)
	for _, resource := range byType(resources) {
		switch {
		case resource.Type == "aws:wafv2/webAcl:WebAcl":
			items = append(items, Item{"Web ACL", million, "requests", p.of("webAclRequests")})
		case resource.Type == "aws:cloudwatch/logDelivery:LogDelivery":
			gb := million * accessLogLine / 1e9
			items = append(items, Item{"Access logs, until they end", gb, "GB", gb * retention.Hours() / hours * p.of("bucketStorage")})
		case resource.Type == "aws:cloudfront/function:Function":
			items = append(items, Item{"CloudFront Functions", million, "invocations", p.of("cloudfrontFunctions")})
		case resource.Type == "aws:cloudfront/distribution:Distribution" && runsAtTheEdge(resource):
			usd := p.of("lambdaEdgeRequests") + million*edgeSeconds*edgeMemory*p.of("lambdaEdge")
			items = append(items, Item{"Lambda@Edge", million, "invocations", usd})
		}
	}
	return sum(items)
}
