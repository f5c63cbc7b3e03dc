package alerting_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

const (
	topic        = "aws:sns/topic:Topic"
	subscription = "aws:sns/topicSubscription:TopicSubscription"
)

func run(t *testing.T, email string) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := alerting.New(ctx, "alerting", &alerting.Args{Deployment: pulumitest.Deployment(t), Email: email, RunbookURL: "https://runbook.example"})
		return err
	})
}

func TestEmailIsOptional(t *testing.T) {
	assert.Empty(t, run(t, "").OfType(subscription))
	s := run(t, "ops@example.com").Only(t, subscription)
	assert.Equal(t, "ops@example.com", s.Text("endpoint"))
	assert.Equal(t, "arn:aws:mock:::Topic/alerting-topic", s.Text("topic"))
}

// Another name, or another URN without an alias, would replace the topic of a deployed
// stack, and with it the subscriptions that people confirmed.
func TestTopicOfEarlierStacksIsKept(t *testing.T) {
	recorder := run(t, "ops@example.com")
	const schedule = "urn:pulumi:test::gatehouse::gatehouse:rotation:Schedule$"
	for _, c := range []struct{ typ, former string }{
		{topic, schedule + "aws:sns/topic:Topic::schedule-alarms"},
		{subscription, schedule + "aws:sns/topicSubscription:TopicSubscription::schedule-alarms-email"},
	} {
		aliases := recorder.Only(t, c.typ).Request.GetAliases()
		if assert.Len(t, aliases, 1, c.typ) {
			assert.Equal(t, c.former, aliases[0].GetUrn())
		}
	}
	assert.Equal(t, "gatehouse-test-rotation-alarms", recorder.Only(t, topic).Text("name"))
}
