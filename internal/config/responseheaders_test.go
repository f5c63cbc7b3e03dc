package config

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// unremovable are the headers that CloudFront's developer guide lists as "Headers that
// you can't remove" with a policy; a star stands for any end.
var unremovable = []string{
	"Connection", "Content-Encoding", "Content-Length", "Expect", "Host", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
	"Proxy-Connection", "Trailer", "Transfer-Encoding", "Upgrade", "Via", "Warning", "X-Accel-Buffering", "X-Accel-Charset",
	"X-Accel-Limit-Rate", "X-Accel-Redirect", "X-Amz-Cf-Id", "X-Amz-Cf-Pop", "X-Amzn-Auth", "X-Amzn-Cf-Billing", "X-Amzn-Cf-Id", "X-Amzn-Cf-Xff",
	"X-Amzn-ErrorType", "X-Amzn-Fle-Profile", "X-Amzn-Header-Count", "X-Amzn-Header-Order", "X-Amzn-Lambda-Integration-Tag",
	"X-Amzn-RequestId", "X-Cache", "X-Edge-Location", "X-Forwarded-Proto", "X-Real-IP",
}

// security are those that CloudFront takes as settings of their own and refuses among
// a policy's custom headers.
var security = []string{
	"Content-Security-Policy", "Referrer-Policy", "Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options", "X-XSS-Protection",
}

func TestHeadersThatCloudFrontRemovesFromNoneAreRefused(t *testing.T) {
	for _, name := range unremovable {
		assert.False(t, isResponseHeader(name), name)
		problem := onlyProblem(t, map[string]string{"removedHeaders": list(t, "Server", name)})
		assert.Equal(t, "gatehouse:removedHeaders", problem.Key, name)
	}
	for _, name := range []string{"Server", "X-Powered-By", "X-Amzn-Trace-Id", "ETag"} {
		assert.True(t, isResponseHeader(name), name)
	}
}

func TestSecurityHeadersAreNoCustomOnes(t *testing.T) {
	for _, name := range security {
		problem := onlyProblem(t, map[string]string{"customHeaderName": name})
		assert.Contains(t, problem.Rule, "none that CloudFront needs or that has settings of its own", name)
	}
}

func TestAHeaderIsRemovedOnceRegardlessOfItsCapitals(t *testing.T) {
	problem := onlyProblem(t, map[string]string{"removedHeaders": `["Server", "server"]`})
	assert.Contains(t, problem.Rule, `"server" is there twice, with different capitals`)
}
