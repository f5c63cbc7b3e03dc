package costs

import (
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// Request is what one request is like, on average.
type Request struct {
	BytesIn, BytesOut   float64 // bodies and headers
	TokensIn, TokensOut float64
	ModelSeconds        float64
	Log                 float64 // bytes, of the API and of the function together
}

// Usual is a short question with a short answer.
var Usual = Request{BytesIn: 1500, BytesOut: 2000, TokensIn: 300, TokensOut: 200, ModelSeconds: 1.5, Log: 1800}

// million requests are what prices in use are for.
const million = 1e6

// PerMillion returns what a million requests to POST /api/models cost. The authorizer's
// answers are remembered for authorizerTTL; logs are kept for retention.
func (p Prices) PerMillion(resources []Resource, r Request, authorizerTTL, retention time.Duration) ([]Item, error) {
	model, err := function(resources, "model")
	if err != nil {
		return nil, err
	}
	items, err := p.DoorPerMillion(resources, r, authorizerTTL, retention)
	if err != nil {
		return nil, err
	}
	return append(items,
		Item{"Model's function", million, "invocations", p.runs(model, million, r.ModelSeconds)},
		Item{"Amazon Nova Micro, tokens in", million * r.TokensIn, "tokens", million * r.TokensIn / 1e6 * p.of("novaMicroIn")},
		Item{"Amazon Nova Micro, tokens out", million * r.TokensOut, "tokens", million * r.TokensOut / 1e6 * p.of("novaMicroOut")},
		p.logs(r, retention),
	), nil
}

// authorizations are the authorizer's runs in a month: API Gateway remembers each
// answer for ttl, and there is one key.
func (p Prices) authorizations(authorizer Resource, ttl time.Duration) Item {
	asked := million
	if ttl > 0 {
		asked = hours * float64(time.Hour) / float64(ttl)
	}
	return Item{"Authorizer", asked, "invocations", p.runs(authorizer, asked, authorizerSeconds)}
}

// authorizerSeconds is how long the authorizer takes, from its memory.
const authorizerSeconds = 0.005

// PerMillionPrivate is the same for requests to the private model, but for what the
// model's machines cost.
func (p Prices) PerMillionPrivate(resources []Resource, r Request, retention time.Duration) []Item {
	return append(p.frontDoor(resources, r, retention), p.loadBalancerCapacity(), p.logs(r, retention))
}

// logs are written once for each request, and kept for retention.
func (p Prices) logs(r Request, retention time.Duration) Item {
	gb := million * r.Log / 1e9
	return Item{"Logs, until they end", gb, "GB", gb * (p.of("logsIngested") + retention.Hours()/hours*p.of("logsStored"))}
}

func (p Prices) loadBalancerCapacity() Item {
	capacity := million / (connectionsPerUnit * 3600)
	return Item{"Load balancer's capacity", capacity, "units and hours", capacity * p.of("loadBalancerCapacity")}
}

// connectionsPerUnit are the new connections in a second that one capacity unit of a
// load balancer is for: what a request uses most of.
const connectionsPerUnit = 25

// What an edge function takes: seconds, and GB, the least there is.
const (
	edgeSeconds = 0.003
	edgeMemory  = 0.125
)

// runsAtTheEdge reports whether a behaviour of the distribution has a Lambda function.
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

// accessLogLine is what CloudFront writes of a request into the access logs, in bytes.
// Its delivery to a bucket is free.
const accessLogLine = 1000

// frontDoor is what each request costs on its way to the API.
func (p Prices) frontDoor(resources []Resource, r Request, retention time.Duration) []Item {
	items := p.cloudFront(r)
	for _, resource := range resources {
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
	return sum(append(items, Item{"HTTP API", million, "requests", p.of("httpApi")}))
}
