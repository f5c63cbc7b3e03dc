package responseheaders

import (
	"fmt"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

const hstsHeader = "strict-transport-security"

// Response returns the headers, by their names in lower case, that the policy can't add,
// for the function that sees a response last. CloudFront refuses security headers among
// a policy's custom ones.
func ForViewerResponse(s config.ResponseHeaders) map[string]string {
	if s.HSTS.MaxAge > 0 {
		return map[string]string{}
	}
	return map[string]string{hstsHeader: hsts(s.HSTS)}
}

// Answer returns the headers, by their names in lower case, that the policy adds to
// every answer, but for those of CORS. It is for functions that answer in CloudFront
// themselves: AWS doesn't say whether a policy reaches their answers.
func ForGenerated(s config.ResponseHeaders) map[string]string {
	all := map[string]string{
		strings.ToLower(s.CustomName): s.CustomValue,
		hstsHeader:                    hsts(s.HSTS),
		"x-content-type-options":      "nosniff",
		"x-frame-options":             s.FrameOptions,
		"referrer-policy":             s.ReferrerPolicy,
	}
	if s.ContentSecurityPolicy != "" {
		all["content-security-policy"] = s.ContentSecurityPolicy
	}
	return all
}

// hsts writes the header as CloudFront does.
func hsts(s config.HSTS) string {
	value := fmt.Sprintf("max-age=%d", int(s.MaxAge.Seconds()))
	if s.Subdomains {
		value += "; includeSubDomains"
	}
	if s.Preload {
		value += "; preload"
	}
	return value
}
