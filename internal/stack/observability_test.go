package stack_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
)

var runbookHeading = regexp.MustCompile(`(?m)^#+ (.+)$`)

// Operators follow the link in an alarm.
func TestRunbookHasSectionForEachAlarm(t *testing.T) {
	text, err := os.ReadFile("../../docs/runbook.md")
	require.NoError(t, err)
	var sections []string
	for _, match := range runbookHeading.FindAllStringSubmatch(string(text), -1) {
		sections = append(sections, match[1])
	}
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, alarm := range recorder.OfType("aws:cloudwatch/metricAlarm:MetricAlarm") {
			_, section, found := strings.Cut(alarm.Text("alarmDescription"), "docs/runbook.md#")
			assert.True(t, found, alarm.Name)
			assert.Contains(t, sections, section)
		}
	})
}

func TestObservabilityIsOptional(t *testing.T) {
	for _, r := range deploy(t, pulumitest.Settings(t)).All() {
		assert.NotContains(t, r.Name, "observability")
		assert.NotContains(t, []string{
			"aws:cloudwatch/dashboard:Dashboard", "aws:cloudwatch/queryDefinition:QueryDefinition", "aws:cloudwatch/logMetricFilter:LogMetricFilter",
		}, r.Type)
	}
}

func TestDashboardHasAllAlarmsOfStack(t *testing.T) {
	recorder := deploy(t, shapes(t)["own network"])
	body := recorder.Only(t, "aws:cloudwatch/dashboard:Dashboard").Text("dashboardBody")
	alarms := recorder.OfType("aws:cloudwatch/metricAlarm:MetricAlarm")
	require.NotEmpty(t, alarms)
	for _, alarm := range alarms {
		assert.Contains(t, body, ":alarm:"+alarm.Text("name")+`"`)
	}
}

func TestQueriesUseLogGroupsOfStack(t *testing.T) {
	recorder := deploy(t, shapes(t)["own network"])
	groups := map[string]bool{}
	for _, group := range recorder.OfType("aws:cloudwatch/logGroup:LogGroup") {
		groups[group.Text("name")] = true
	}
	queries := recorder.OfType("aws:cloudwatch/queryDefinition:QueryDefinition")
	require.NotEmpty(t, queries)
	for _, query := range queries {
		for _, group := range query.Input("logGroupNames").ArrayValue() {
			assert.Contains(t, groups, group.StringValue(), query.Name)
		}
	}
}

// accessLogFields returns the fields that the API logs of each request.
func accessLogFields(t *testing.T, recorder *pulumitest.Recorder) map[string]string {
	t.Helper()
	var fields map[string]string
	format := recorder.Only(t, "aws:apigatewayv2/stage:Stage").Text("accessLogSettings.format")
	require.NoError(t, json.Unmarshal([]byte(format), &fields))
	return fields
}

func TestQueriesUseFieldsOfAPILog(t *testing.T) {
	recorder := deploy(t, shapes(t)["own network"])
	fields := accessLogFields(t, recorder)
	checked := 0
	for _, query := range recorder.OfType("aws:cloudwatch/queryDefinition:QueryDefinition") {
		if !strings.HasPrefix(query.Text("logGroupNames[0]"), "/aws/vendedlogs/apigateway/") {
			continue
		}
		for line := range strings.Lines(query.Text("queryString")) {
			list, found := strings.CutPrefix(line, "fields ")
			if !found {
				continue
			}
			for _, item := range strings.Split(strings.TrimSpace(list), ", ") {
				expression, _, _ := strings.Cut(item, " as ")
				for _, field := range strings.Split(expression, " - ") {
					if !strings.HasPrefix(field, "@") {
						assert.Contains(t, fields, field, query.Name)
						checked++
					}
				}
			}
		}
	}
	assert.NotZero(t, checked)
}

func TestDenialsMetricUsesFieldsOfAPILog(t *testing.T) {
	recorder := deploy(t, shapes(t)["own network"])
	fields := accessLogFields(t, recorder)
	filter := recorder.Only(t, "aws:cloudwatch/logMetricFilter:LogMetricFilter")
	names := regexp.MustCompile(`\$\.(\w+)`).FindAllStringSubmatch(filter.Text("pattern")+filter.Text("metricTransformation.dimensions.Stack"), -1)
	require.NotEmpty(t, names)
	for _, name := range names {
		assert.Contains(t, fields, name[1])
	}
	assert.Equal(t, "gatehouse-test", fields["stack"], "the value of the dimension")
}
