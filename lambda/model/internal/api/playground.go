package api

import (
	"context"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/playground"
)

// showPlayground returns the page to try the API. CloudFront adds the same headers but for
// the policy: to its default one, the page's own has precedence.
func (h *Handler) showPlayground(context.Context, *exchange) (*result, *problem) {
	page := playground.Page()
	return &result{contentType: "text/html; charset=utf-8", text: page.HTML, headers: map[string]string{
		"content-security-policy": page.ContentSecurityPolicy,
		"x-content-type-options":  "nosniff",
		"referrer-policy":         "no-referrer",
	}}, nil
}
