// Package edge embeds the JavaScript sources of the functions that CloudFront runs. They
// are not compiled: package edgefunction inserts the settings and deploys them.
package edge

import _ "embed"

// The sources by the events that the functions handle.
var (
	//go:embed viewer-request.js
	ViewerRequest string

	//go:embed viewer-response.js
	ViewerResponse string

	//go:embed origin-request.mjs
	OriginRequest string
)
