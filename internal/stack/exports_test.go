package stack

import (
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

func TestExports(t *testing.T) {
	var mu sync.Mutex
	got := map[string]any{}
	pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		exports, err := declare(ctx, pulumitest.Settings(t), pulumitest.Artifacts(t), nil)
		if err != nil {
			return err
		}
		for name, value := range exports {
			pulumi.ToOutput(value).ApplyT(func(v any) any {
				mu.Lock()
				defer mu.Unlock()
				got[name] = v
				return nil
			})
		}
		return nil
	})
	assert.Equal(t, map[string]any{
		"distributionUrl":        "https://d111111abcdef8.cloudfront.net",
		"distributionDomainName": "d111111abcdef8.cloudfront.net",
		"distributionId":         "edge-distribution-id",
		"apiUrl":                 "https://abcdef1234.execute-api.eu-west-1.amazonaws.com",
		"apiId":                  "gateway-api-id",
		"parameterPath":          "/gatehouse/test/origin-key",
		"originHeaderName":       "x-origin-verify",
		"rotatorName":            "gatehouse-test-rotator",
		"alarmsTopicArn":         "arn:aws:mock:::Topic/schedule-alarms",
		"rotationEvent": `{"action":"tick","apiId":"gateway-api-id","apiStage":"$default",` +
			`"apiUrl":"https://abcdef1234.execute-api.eu-west-1.amazonaws.com","distributionId":"edge-distribution-id",` +
			`"distributionUrl":"https://d111111abcdef8.cloudfront.net","originId":"api"}`,
	}, got)
}
