// Package edge is the source of the functions that run in CloudFront, which are not
// built: the program puts the settings in and hands them over as they are.
package edge

import _ "embed"

// The functions, by the events that they are for.
var (
	//go:embed viewer-request.js
	ViewerRequest string

	//go:embed viewer-response.js
	ViewerResponse string

	//go:embed origin-request.mjs
	OriginRequest string
)
