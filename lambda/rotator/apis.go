package main

import (
	"github.com/gatehouse-iac/gatehouse/internal/probe"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// api is an API of the event: it requires the key, and caches authorizations.
type api struct {
	probe.API
	id, stage string
	url       string // its own, with the stage if that is part of paths; empty for no direct checks
	isREST    bool
}

// apisOf returns the APIs of an event: the HTTP API, and the REST API if there is one.
func apisOf(e rotatorapi.Event) []api {
	apis := []api{{API: probe.HTTPAPI, id: e.APIID, stage: e.APIStage, url: e.APIURL}}
	if e.StreamAPIID != "" {
		apis = append(apis, api{API: probe.StreamingAPI, id: e.StreamAPIID, stage: e.StreamAPIStage, url: e.StreamAPIURL, isREST: true})
	}
	return apis
}

// direct returns the API's own URL as the target, which bypasses CloudFront.
func (r *run) direct(a api) probe.Target {
	return probe.Target{HTTP: r.http, API: a.API, URL: a.url, Header: r.env.Header, Prefix: r.env.APIPrefix}
}

// throughCloudFront returns the distribution's URL as the target.
func (r *run) throughCloudFront(a api) probe.Target {
	return probe.Target{HTTP: r.http, API: a.API, URL: r.event.DistributionURL, Header: r.env.Header, Prefix: r.env.APIPrefix}
}
