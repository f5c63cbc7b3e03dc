package stack

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

// shield declares the stack after an update that left Origin Shield in a region, and
// returns what its distribution's origin has of it and what is exported.
func shield(t *testing.T, recorder *pulumitest.Recorder, region string) (sent, exported any) {
	t.Helper()
	s := pulumitest.Settings(t)
	s.Origin.ShieldRegion = region
	require.NoError(t, recorder.Run(func(ctx *pulumi.Context) error {
		c, err := declare(ctx, s, pulumitest.Artifacts(t))
		if err == nil {
			exported = string(c.exports()[shieldExport].(pulumi.String))
		}
		return err
	}))
	return recorder.Only(t, "aws:cloudfront/distribution:Distribution").Input("origins[0].originShield").Mappable(), exported
}

func previously(region string) *pulumitest.Recorder {
	return &pulumitest.Recorder{Previous: resource.PropertyMap{
		shieldExport: resource.NewProperty(region), "other": resource.MakeSecret(resource.NewProperty("hush")),
	}}
}

// The notifier was a part of the rotation's schedule. Without the aliases, an update would
// replace the topic, and its subscribers would have to confirm again.
func TestTopicAndSubscriptionOfEarlierStacksAreKept(t *testing.T) {
	s := pulumitest.Settings(t)
	s.Rotation.AlarmEmail = "ops@example.com"
	recorder := pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := declare(ctx, s, pulumitest.Artifacts(t))
		return err
	})
	for former, r := range map[string]pulumitest.Registration{
		"aws:sns/topic:Topic::schedule-alarms":                               recorder.Only(t, "aws:sns/topic:Topic"),
		"aws:sns/topicSubscription:TopicSubscription::schedule-alarms-email": recorder.Only(t, "aws:sns/topicSubscription:TopicSubscription"),
	} {
		var aliases []string
		for _, alias := range r.Request.GetAliases() {
			aliases = append(aliases, alias.GetUrn())
		}
		assert.Equal(t, []string{"urn:pulumi:test::gatehouse::gatehouse:rotation:Schedule$" + former}, aliases)
		assert.Contains(t, r.Request.GetProvider(), "::pulumi:providers:aws::aws::", "the provider stays the same")
		assert.Empty(t, r.Request.GetReplaceOnChanges())
	}
	assert.Equal(t, "gatehouse-test-rotation-alarms", recorder.Only(t, "aws:sns/topic:Topic").Text("name"))
	assert.Equal(t, "ops@example.com", recorder.Only(t, "aws:sns/topicSubscription:TopicSubscription").Text("endpoint"))
}

func TestOriginShieldIsDisabledOnce(t *testing.T) {
	on := map[string]any{"enabled": true, "originShieldRegion": "eu-west-1"}
	for name, c := range map[string]struct {
		recorder *pulumitest.Recorder
		region   string
		sent     any
	}{
		"a new stack without":        {&pulumitest.Recorder{}, "", nil},
		"a new stack with":           {&pulumitest.Recorder{}, "eu-west-1", on},
		"left on":                    {previously("eu-west-1"), "eu-west-1", on},
		"moved":                      {previously("eu-central-1"), "eu-west-1", on},
		"turned off":                 {previously("eu-central-1"), "", map[string]any{"enabled": false, "originShieldRegion": "eu-central-1"}},
		"off since the last update":  {previously(""), "", nil},
		"outputs that can't be read": {&pulumitest.Recorder{PreviousError: errors.New("no such stack")}, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			sent, exported := shield(t, c.recorder, c.region)
			assert.Equal(t, c.sent, sent)
			assert.Equal(t, c.region, exported)
		})
	}
}
