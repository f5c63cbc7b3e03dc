package rotation

import (
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

func runSchedule(t *testing.T, change func(*config.Rotation), targets ...func(*Target)) *pulumitest.Recorder {
	t.Helper()
	target := Target{
		DistributionID:  pulumi.String("E1"),
		DistributionARN: pulumi.String("arn:aws:cloudfront::123456789012:distribution/E1"),
		DistributionURL: pulumi.String("https://viewers.example"),
		OriginID:        "api",
		APIID:           pulumi.String("abc"),
		APIURL:          pulumi.String("https://api.example"),
		APIStage:        "$default",
	}
	for _, change := range targets {
		change(&target)
	}
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		d, s := pulumitest.Deployment(t), pulumitest.Settings(t)
		change(&s.Rotation)
		r, err := New(ctx, "rotation", &Args{Deployment: d, Key: s.Key, Settings: s.Rotation, CacheTime: 6 * time.Minute})
		if err != nil {
			return err
		}
		notifier, err := alerting.New(ctx, "alerting", &alerting.Args{Deployment: d, RunbookURL: "https://runbook.example"})
		if err != nil {
			return err
		}
		_, err = NewSchedule(ctx, "schedule", &ScheduleArgs{
			Deployment: d,
			Settings:   s.Rotation,
			Rotation:   r,
			Target:     target,
			Notifier:   notifier,
		})
		return err
	})
}

func unchanged(*config.Rotation) {}

func TestTheScheduleTicks(t *testing.T) {
	schedule := runSchedule(t, unchanged).Only(t, "aws:scheduler/schedule:Schedule")
	assert.Equal(t, "rate(5 minutes)", schedule.Text("scheduleExpression"))
	assert.Equal(t, "OFF", schedule.Text("flexibleTimeWindow.mode"))
	assert.Equal(t, "arn:aws:mock:::Function/rotation-rotator", schedule.Text("target.arn"))
	assert.Equal(t, "arn:aws:mock:::Queue/schedule-dead-letters", schedule.Text("target.deadLetterConfig.arn"))
	assert.JSONEq(t, `{
		"action": "tick", "distributionId": "E1", "distributionUrl": "https://viewers.example", "originId": "api",
		"apiId": "abc", "apiUrl": "https://api.example", "apiStage": "$default"
	}`, schedule.Text("target.input"))
}

// streaming adds the REST API to a target.
func streaming(t *Target) {
	t.StreamOriginID = "stream"
	t.StreamAPIID = pulumi.String("def")
	t.StreamAPIURL = pulumi.String("https://rest.example/live")
	t.StreamAPIStage = "live"
}

func TestTheEventNamesTheRESTAPI(t *testing.T) {
	schedule := runSchedule(t, unchanged, streaming).Only(t, "aws:scheduler/schedule:Schedule")
	assert.JSONEq(t, `{
		"action": "tick", "distributionId": "E1", "distributionUrl": "https://viewers.example", "originId": "api",
		"apiId": "abc", "apiUrl": "https://api.example", "apiStage": "$default",
		"streamApiId": "def", "streamApiStage": "live", "streamApiUrl": "https://rest.example/live", "streamOriginId": "stream"
	}`, schedule.Text("target.input"))
}

func TestTheRotatorMayFlushTheRESTAPIsCache(t *testing.T) {
	policy := runSchedule(t, unchanged, streaming).Named(t, "aws:iam/rolePolicy:RolePolicy", "schedule-rotator-policy").Text("policy")
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "ChangeHeader", "Effect": "Allow", "Action": ["cloudfront:GetDistribution", "cloudfront:UpdateDistribution"],
			"Resource": ["arn:aws:cloudfront::123456789012:distribution/E1"]},
		{"Sid": "FlushAuthorizerCache", "Effect": "Allow", "Action": ["apigateway:DELETE"],
			"Resource": ["arn:aws:apigateway:eu-west-1::/apis/abc/stages/*/cache/authorizers",
				"arn:aws:apigateway:eu-west-1::/restapis/def/stages/live/cache/authorizers"]}
	]}`, policy)
}

func TestTheRotatorMayChangeOneDistribution(t *testing.T) {
	recorder := runSchedule(t, unchanged)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "ChangeHeader", "Effect": "Allow", "Action": ["cloudfront:GetDistribution", "cloudfront:UpdateDistribution"],
			"Resource": ["arn:aws:cloudfront::123456789012:distribution/E1"]},
		{"Sid": "FlushAuthorizerCache", "Effect": "Allow", "Action": ["apigateway:DELETE"],
			"Resource": ["arn:aws:apigateway:eu-west-1::/apis/abc/stages/*/cache/authorizers"]}
	]}`, recorder.Named(t, "aws:iam/rolePolicy:RolePolicy", "schedule-rotator-policy").Text("policy"))
	assert.InDelta(t, 1, recorder.Named(t, "aws:lambda/function:Function", "rotation-rotator").Input("reservedConcurrentExecutions").NumberValue(), 0)
}

func TestTheSchedulerMayRunTheRotatorAndNothingElse(t *testing.T) {
	recorder := runSchedule(t, unchanged)
	assert.JSONEq(t, `{"Version": "2012-10-17", "Statement": [
		{"Sid": "RunRotator", "Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": ["arn:aws:mock:::Function/rotation-rotator"]},
		{"Sid": "SendDeadLetters", "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": ["arn:aws:mock:::Queue/schedule-dead-letters"]}
	]}`, recorder.Named(t, "aws:iam/rolePolicy:RolePolicy", "schedule-policy").Text("policy"))
	trust := recorder.Named(t, "aws:iam/role:Role", "schedule-role").Text("assumeRolePolicy")
	assert.Contains(t, trust, `"aws:SourceAccount":"123456789012"`)
	assert.Contains(t, trust, `"aws:SourceArn":"arn:aws:mock:::ScheduleGroup/schedule-group"`)
}

func TestEveryAlarmNotifiesTheTopicAndLinksToItsRunbook(t *testing.T) {
	alarms := runSchedule(t, unchanged).OfType("aws:cloudwatch/metricAlarm:MetricAlarm")
	assert.Len(t, alarms, 6)
	for _, alarm := range alarms {
		assert.Equal(t, "arn:aws:mock:::Topic/alerting-topic", alarm.Text("alarmActions[0]"), alarm.Name)
		assert.Equal(t, "arn:aws:mock:::Topic/alerting-topic", alarm.Text("okActions[0]"), alarm.Name)
		section := strings.TrimPrefix(alarm.Name, "schedule-")
		assert.True(t, strings.HasSuffix(alarm.Text("alarmDescription"), " Runbook: https://runbook.example#rotation-"+section), alarm.Text("alarmDescription"))
	}
}

func TestAKeyTooOldAlarmsEvenWhenTheRotatorIsSilent(t *testing.T) {
	alarm := runSchedule(t, func(s *config.Rotation) { s.Interval = 2 * time.Hour }).
		Named(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "schedule-key-too-old")
	assert.InDelta(t, (4 * time.Hour).Seconds(), alarm.Input("threshold").NumberValue(), 0)
	assert.Equal(t, "missing", alarm.Text("treatMissingData"))
	assert.Equal(t, "arn:aws:mock:::Topic/alerting-topic", alarm.Text("insufficientDataActions[0]"))
	assert.Equal(t, "gatehouse-test", alarm.Text("dimensions.Stack"))
}

// One dead letter alarms once, and the next one again, whether or not the queue was
// emptied in between.
func TestDeadLettersAlarmAsTheyCome(t *testing.T) {
	alarm := runSchedule(t, unchanged).Named(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "schedule-dead-letters")
	assert.Equal(t, "NumberOfMessagesSent", alarm.Text("metricName"))
	assert.Equal(t, "Sum", alarm.Text("statistic"))
	assert.Equal(t, "notBreaching", alarm.Text("treatMissingData"))
}

func TestAnAccountThatAllowsNoReservationGetsNone(t *testing.T) {
	rotator := runSchedule(t, func(s *config.Rotation) { s.ReservedConcurrency = 0 }).
		Named(t, "aws:lambda/function:Function", "rotation-rotator")
	assert.True(t, rotator.Input("reservedConcurrentExecutions").IsNull())
}

// A tick that comes while another run is under way has to outlast it.
func TestATickWaitsForTheRunBeforeIt(t *testing.T) {
	for _, tick := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour} {
		recorder := runSchedule(t, func(s *config.Rotation) { s.Tick = tick })
		rotator := recorder.Named(t, "aws:lambda/function:Function", "rotation-rotator")
		for title, age := range map[string]float64{
			"schedule": recorder.Only(t, "aws:scheduler/schedule:Schedule").Input("target.retryPolicy.maximumEventAgeInSeconds").NumberValue(),
			"function": recorder.Only(t, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig").Input("maximumEventAgeInSeconds").NumberValue(),
		} {
			assert.GreaterOrEqual(t, age, 2*tick.Seconds(), title)
			assert.Greater(t, age, rotator.Input("timeout").NumberValue(), title)
			assert.LessOrEqual(t, age, (6 * time.Hour).Seconds(), "%s: the most that Lambda takes", title)
		}
	}
}
