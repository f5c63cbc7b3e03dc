package waf

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// response is the custom response of a rule that blocks: a problem document (RFC 9457),
// for which AWS WAF only supports the content type application/json.
type response struct {
	status     int
	detail     string
	retryAfter string // seconds; empty for none
}

var (
	// AWS WAF checks the rate of an address several times a minute.
	tooManyRequests = response{http.StatusTooManyRequests, "Too many requests came from this address.", "60"}
	contentTooLarge = response{http.StatusRequestEntityTooLarge, "The body is too large.", ""}
)

// key returns the key of the response's body in the web ACL.
func (r response) key() string { return "problem-" + strconv.Itoa(r.status) }

func (r response) custom() *wafv2.WebAclRuleActionBlockCustomResponseArgs {
	custom := &wafv2.WebAclRuleActionBlockCustomResponseArgs{
		ResponseCode:          pulumi.Int(r.status),
		CustomResponseBodyKey: pulumi.String(r.key()),
	}
	if r.retryAfter != "" {
		custom.ResponseHeaders = wafv2.WebAclRuleActionBlockCustomResponseResponseHeaderArray{
			&wafv2.WebAclRuleActionBlockCustomResponseResponseHeaderArgs{
				Name: pulumi.String("retry-after"), Value: pulumi.String(r.retryAfter),
			},
		}
	}
	return custom
}

func (r response) body() string {
	text, err := json.Marshal(map[string]any{
		"type": "about:blank", "title": http.StatusText(r.status), "status": r.status, "detail": r.detail,
	})
	if err != nil {
		panic(err) // texts and a number can always be written as JSON
	}
	return string(text)
}

func responseBodies() wafv2.WebAclCustomResponseBodyArray {
	var bodies wafv2.WebAclCustomResponseBodyArray
	for _, r := range []response{tooManyRequests, contentTooLarge} {
		bodies = append(bodies, &wafv2.WebAclCustomResponseBodyArgs{
			Key: pulumi.String(r.key()), Content: pulumi.String(r.body()), ContentType: pulumi.String("APPLICATION_JSON"),
		})
	}
	return bodies
}
