package rules

// StreamOriginID is the id of the distribution's origin that streams.
const StreamOriginID = "stream"

// streaming covers what would hold back a streamed response, or end it early. Neither CloudFront
// nor API Gateway reports that: the first token just comes with the last one.
var streaming = Rule{
	Name:        "streaming",
	Description: "Streamed responses reach the viewer as they are written.",
	check: byType{
		restAPI: func(r Resource) (p problems) {
			p.unless(isRegional(r.at("endpointConfiguration", "types")),
				"endpointConfiguration.types must be REGIONAL: an edge-optimized API ends a response after 30 seconds of silence, and has a distribution of its own")
			size := r.at("minimumCompressionSize")
			p.unless(size.IsComputed() || !size.isSet(), "minimumCompressionSize must not be set: to compress a response, API Gateway would hold it back")
			if document, ok := body(r); ok {
				p.unless(!document.at("x-amazon-apigateway-minimum-compression-size").isSet(),
					"x-amazon-apigateway-minimum-compression-size must not be in the body: to compress a response, API Gateway would hold it back")
			}
			return p
		},
		"aws:cloudfront/distribution:Distribution": func(r Resource) (p problems) {
			for _, behavior := range append(r.at("orderedCacheBehaviors").each(), r.at("defaultCacheBehavior")) {
				p.unless(behavior.at("targetOriginId").text() != StreamOriginID || behavior.at("compress").text() != "true",
					"compress of a behavior of the origin "+StreamOriginID+" must not be true: to compress a response, CloudFront would hold it back")
			}
			return p
		},
	}.check,
}

// isRegional reports whether the type of an API's endpoint is REGIONAL, or may be. Newer
// providers have a list of one.
func isRegional(types value) bool {
	if list := types.each(); len(list) == 1 {
		types = list[0]
	}
	return types.isOneOf("REGIONAL")
}
