package main

import (
	"encoding/json"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// responseContext is part of a response that authorizes. API Gateway's access log and its
// integrations can read it, so each request shows which key authorized it, including those
// that API Gateway authorized from its cache.
type responseContext struct {
	OriginKey keyring.Name `json:"originKey"`
}

// simpleResponse is the response to the HTTP API.
type simpleResponse struct {
	IsAuthorized bool             `json:"isAuthorized"`
	Context      *responseContext `json:"context,omitempty"`
}

// policyResponse is the response to the REST API. It requires a principal in each, and has
// no other use for it.
type policyResponse struct {
	PrincipalID string           `json:"principalId"`
	Policy      policyDocument   `json:"policyDocument"`
	Context     *responseContext `json:"context,omitempty"`
}

type policyDocument struct {
	Version   string
	Statement [1]policyStatement
}

type policyStatement struct{ Action, Effect, Resource string }

const (
	cloudFront = "cloudfront" // the principal of requests with a key
	unknown    = "unknown"    // that of others
)

// response returns the response to a decision that is certain, in the event's form.
func (e event) response(d decision) ([]byte, error) {
	var found *responseContext
	if d.outcome == accepted {
		found = &responseContext{d.key}
	}
	if e.stage == "" {
		return json.Marshal(simpleResponse{IsAuthorized: found != nil, Context: found})
	}
	effect, principal := "Deny", unknown
	if found != nil {
		effect, principal = "Allow", cloudFront
	}
	// The REST API caches the policy by the header for all of the stage, and evaluates it
	// for each request: one for this method only would deny the others.
	return json.Marshal(policyResponse{
		PrincipalID: principal,
		Policy: policyDocument{
			Version:   "2012-10-17",
			Statement: [1]policyStatement{{Action: "execute-api:Invoke", Effect: effect, Resource: e.stage + "/*"}},
		},
		Context: found,
	})
}

// clientResponse is the response to the HTTP API that admits a client's request. The
// integration tells the server who the client is.
type clientResponse struct {
	IsAuthorized bool          `json:"isAuthorized"`
	Context      clientContext `json:"context"`
}

type clientContext struct {
	responseContext

	Client string `json:"client"` // its name
	Key    string `json:"key"`    // the public id of its credential
}

// response returns the response to a decision about a client that is certain, whose
// request has an accepted origin key. Only events of the HTTP API are about clients.
func (c clientDecision) response(d decision) ([]byte, error) {
	if c.outcome != accepted {
		return json.Marshal(simpleResponse{})
	}
	return json.Marshal(clientResponse{
		IsAuthorized: true,
		Context:      clientContext{responseContext{d.key}, c.client, c.key},
	})
}
