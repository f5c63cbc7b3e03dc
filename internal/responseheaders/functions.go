package responseheaders

import (
	"fmt"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

const hstsHeader = "strict-transport-security"

// ForViewerResponse returns the headers that the policy can't add and that the
// viewer-response function adds, by their names in lower case. CloudFront rejects security
// headers among a policy's custom ones.
func ForViewerResponse(s config.ResponseHeaders) map[string]string {
	if s.HSTS.MaxAge > 0 {
		return map[string]string{}
	}
	return map[string]string{hstsHeader: hsts(s.HSTS)}
}

// ForGenerated returns the headers that the policy adds to every response, but for those
// of CORS, by their names in lower case. It is for responses that a function in CloudFront
// generates: AWS doesn't document whether a policy applies to them.
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

// hsts formats the header as CloudFront does.
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
