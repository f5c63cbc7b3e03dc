package pipeline

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

// What Pulumi 3.255 called on a bucket with its state.
const (
	previewing = `
s3:ListBucket arn:aws:s3:::state
s3:GetObject arn:aws:s3:::state/.pulumi/meta.yaml
s3:GetObject arn:aws:s3:::state/.pulumi/stacks/gatehouse/dev.json
s3:GetObject arn:aws:s3:::state/.pulumi/stacks/gatehouse/dev.pulumi-tags`

	updating = previewing + `
s3:PutObject arn:aws:s3:::state/.pulumi/locks/organization/gatehouse/dev/0b1c.json
s3:GetObject arn:aws:s3:::state/.pulumi/locks/organization/gatehouse/dev/0b1c.json
s3:DeleteObject arn:aws:s3:::state/.pulumi/locks/organization/gatehouse/dev/0b1c.json
s3:PutObject arn:aws:s3:::state/.pulumi/stacks/gatehouse/dev.json
s3:PutObject arn:aws:s3:::state/.pulumi/stacks/gatehouse/dev.json.bak
s3:PutObject arn:aws:s3:::state/.pulumi/backups/gatehouse/dev/dev.1.json
s3:PutObject arn:aws:s3:::state/.pulumi/history/gatehouse/dev/dev-1.checkpoint.json
s3:PutObject arn:aws:s3:::state/.pulumi/history/gatehouse/dev/dev-1.history.json`

	forbidden = `
s3:GetObject arn:aws:s3:::state/.pulumi/stacks/gatehouse/prod.json
s3:PutObject arn:aws:s3:::state/.pulumi/stacks/gatehouse/prod.json
s3:PutObject arn:aws:s3:::state/.pulumi/stacks/gatehouse-pipeline/dev.json
s3:PutObject arn:aws:s3:::state/.pulumi/meta.yaml
s3:DeleteObject arn:aws:s3:::other/.pulumi/stacks/gatehouse/dev.json`
)

func each(calls string, check func(action, resource string)) {
	for line := range strings.Lines(strings.TrimSpace(calls)) {
		action, resource, _ := strings.Cut(strings.TrimSpace(line), " ")
		check(action, resource)
	}
}

func TestStateAccess(t *testing.T) {
	s := config.Pipeline{StateBucket: "state"}
	preview := roleOf(names("dev"), stateReading(s)...)
	deploy := roleOf(names("dev"), append(stateReading(s), stateWriting(s)...)...)
	each(previewing, func(action, resource string) {
		assert.True(t, preview.allows(action, resource, nil), "previews %s %s", action, resource)
	})
	each(updating, func(action, resource string) {
		assert.True(t, deploy.allows(action, resource, nil), "updates %s %s", action, resource)
		if !strings.Contains(action, "Get") && !strings.Contains(action, "List") {
			assert.False(t, preview.allows(action, resource, nil), "previews %s %s", action, resource)
		}
	})
	each(forbidden, func(action, resource string) {
		assert.False(t, deploy.allows(action, resource, nil), "updates %s %s", action, resource)
	})
}

func TestSecretsKeyMayOnlyDecrypt(t *testing.T) {
	const key = "arn:aws:kms:us-east-1:123456789012:key/1"
	both := roleOf(names("dev"), stateReading(config.Pipeline{StateBucket: "state", SecretsKeyARN: key})...)
	assert.True(t, both.allows("kms:Decrypt", key, nil))
	assert.False(t, both.allows("kms:Decrypt", key+"2", nil))
	assert.True(t, roleOf(names("dev"), stateReading(config.Pipeline{SecretsKeyARN: key})...).allows("kms:Decrypt", key, nil))
}

func TestStateOutsideOfS3RequiresNoPermission(t *testing.T) {
	assert.Empty(t, stateReading(config.Pipeline{}))
	assert.Empty(t, stateWriting(config.Pipeline{}))
}
