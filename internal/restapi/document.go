package restapi

import (
	"encoding/json"
	"net/http"
	"time"
)

// document describes the API in OpenAPI, from which API Gateway imports it. The provider
// has no attribute for response streaming; API Gateway's extensions of OpenAPI do. It has
// no secret in it, and equal settings make equal bytes.
type document struct {
	name          string
	paths         []string // each ends with [proxyPath]
	header        string   // that carries the origin key
	functionURI   string
	authorizerURI string
	authorizerTTL time.Duration
	timeout       time.Duration // of the integration
}

// proxyPath matches all paths below another one.
const proxyPath = "/{proxy+}"

// object is a JSON object, which is written with sorted keys.
type object map[string]any

// securityScheme names the authorizer in the document.
const securityScheme = "origin-key"

func (d document) json() (string, error) {
	responses, err := describeResponses()
	if err != nil {
		return "", err
	}
	paths := object{}
	for _, path := range d.paths {
		paths[path] = object{"x-amazon-apigateway-any-method": d.operation()}
	}
	text, err := json.Marshal(object{
		"openapi":    "3.0.1",
		"info":       object{"title": d.name, "version": "1"},
		"paths":      paths,
		"components": object{"securitySchemes": object{securityScheme: d.authorizer()}},

		"x-amazon-apigateway-gateway-responses": responses,
	})
	return string(text), err
}

// operation describes all methods of a path. The function rejects those that it doesn't
// allow. AWS documents security for single operations only, not for all at once, so that
// each has its own.
func (d document) operation() object {
	return object{
		"parameters": []object{{"name": "proxy", "in": "path", "required": true, "schema": object{"type": "string"}}},
		"security":   []object{{securityScheme: []string{}}},
		"responses":  object{"default": object{"description": "Server-sent events, or JSON"}},

		"x-amazon-apigateway-integration": object{
			"type":                 "aws_proxy",
			"httpMethod":           http.MethodPost,
			"passthroughBehavior":  "when_no_match",
			"uri":                  d.functionURI,
			"responseTransferMode": "STREAM",
			"timeoutInMillis":      d.timeout.Milliseconds(),
		},
	}
}

func (d document) authorizer() object {
	return object{
		"type": "apiKey",
		"in":   "header",
		"name": d.header,

		"x-amazon-apigateway-authtype": "custom",
		"x-amazon-apigateway-authorizer": object{
			"type":                         "request",
			"authorizerUri":                d.authorizerURI,
			"identitySource":               "method.request.header." + d.header,
			"authorizerResultTtlInSeconds": int(d.authorizerTTL.Seconds()),
		},
	}
}
