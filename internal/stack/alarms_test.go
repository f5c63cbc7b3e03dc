package stack_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/rotation"
)

const (
	alarmType     = "aws:cloudwatch/metricAlarm:MetricAlarm"
	dashboardType = "aws:cloudwatch/dashboard:Dashboard"
)

// metric identifies a metric of an alarm or a graph.
type metric struct {
	where, namespace, name string
	dimensions             []string
}

// alarmMetrics returns the metric of an alarm, or those of its expression.
func alarmMetrics(alarm pulumitest.Registration) []metric {
	paths := []string{""}
	if queries := alarm.Input("metricQueries"); queries.IsArray() {
		paths = nil
		for i, query := range queries.ArrayValue() {
			if query.ObjectValue().HasValue("metric") {
				paths = append(paths, fmt.Sprintf("metricQueries[%d].metric.", i))
			}
		}
	}
	var all []metric
	for _, path := range paths {
		m := metric{where: alarm.Name, namespace: alarm.Text(path + "namespace"), name: alarm.Text(path + "metricName")}
		if dimensions := alarm.Input(path + "dimensions"); dimensions.IsObject() {
			for _, key := range slices.Sorted(maps.Keys(dimensions.ObjectValue())) {
				m.dimensions = append(m.dimensions, string(key))
			}
		}
		all = append(all, m)
	}
	return all
}

// search matches a dashboard's search for metrics of a namespace by some dimensions.
var search = regexp.MustCompile(`^SEARCH\('\{([\w/]+)((?:,\w+)*)\} MetricName="(\w+)"`)

// dashboardMetrics returns the metrics of all graphs.
func dashboardMetrics(t *testing.T, dashboard pulumitest.Registration) []metric {
	t.Helper()
	var body struct {
		Widgets []struct {
			Properties struct {
				Title   string
				Metrics [][]any
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(dashboard.Text("dashboardBody")), &body))
	var all []metric
	for _, widget := range body.Widgets {
		for _, parts := range widget.Properties.Metrics {
			all = append(all, dashboardMetric(t, widget.Properties.Title, parts))
		}
	}
	require.NotEmpty(t, all)
	return all
}

func dashboardMetric(t *testing.T, title string, parts []any) metric {
	t.Helper()
	if options, ok := parts[0].(map[string]any); ok {
		found := search.FindStringSubmatch(options["expression"].(string))
		require.NotNil(t, found, options["expression"])
		dimensions := strings.Split(strings.TrimPrefix(found[2], ","), ",")
		slices.Sort(dimensions)
		return metric{title, found[1], found[3], dimensions}
	}
	m := metric{where: title, namespace: parts[0].(string), name: parts[1].(string)}
	for pairs := parts[2:]; len(pairs) > 1; pairs = pairs[2:] {
		m.dimensions = append(m.dimensions, pairs[0].(string))
	}
	slices.Sort(m.dimensions)
	return m
}

func TestAlarmsAndGraphsUseExistingMetrics(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		var all []metric
		for _, alarm := range recorder.OfType(alarmType) {
			all = append(all, alarmMetrics(alarm)...)
		}
		for _, dashboard := range recorder.OfType(dashboardType) {
			all = append(all, dashboardMetrics(t, dashboard)...)
		}
		require.NotEmpty(t, all)
		for _, m := range all {
			known, ok := knownMetrics[m.namespace][m.name]
			require.True(t, ok, "%s: there is no metric %s %s", m.where, m.namespace, m.name)
			assert.Contains(t, known, strings.Join(m.dimensions, " "), "%s: the dimensions of %s %s", m.where, m.namespace, m.name)
		}
	})
}

// CloudWatch evaluates periods from before an alarm was made. An alarm that takes missing
// data for bad data fires as soon as it exists, before there can be any data.
func TestAlarmsDoNotFireBecauseTheyAreNew(t *testing.T) {
	each(t, func(t *testing.T, recorder *pulumitest.Recorder) {
		for _, alarm := range recorder.OfType(alarmType) {
			treatment := alarm.Text("treatMissingData")
			assert.Contains(t, []string{"notBreaching", "missing"}, treatment, alarm.Name)
			notifies := alarm.Input("insufficientDataActions").IsArray()
			assert.Equal(t, treatment == "missing", notifies, "%s: missing data is ignored, or notifies", alarm.Name)
		}
	})
}

// withTicks deploys stacks whose rotator runs rarely and often.
func withTicks(t *testing.T) map[time.Duration]*pulumitest.Recorder {
	t.Helper()
	all := map[time.Duration]*pulumitest.Recorder{}
	for _, tick := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour} {
		s := pulumitest.Settings(t)
		s.Rotation.Tick = tick
		s.Observability.Enabled = true
		all[tick] = deploy(t, s)
	}
	return all
}

// A period of an alarm on ticks has at least one tick.
func TestAlarmPeriodsAreValid(t *testing.T) {
	const day = 24 * time.Hour
	for tick, recorder := range withTicks(t) {
		for _, alarm := range recorder.OfType(alarmType) {
			period := alarmPeriod(alarm)
			periods := alarm.Input("evaluationPeriods").NumberValue()
			assert.Zero(t, period%time.Minute, alarm.Name)
			assert.LessOrEqual(t, time.Duration(periods)*period, day, "%s: the maximum of CloudWatch", alarm.Name)
			if strings.Contains(alarm.Name, "schedule-") {
				assert.GreaterOrEqual(t, period, tick, alarm.Name)
			}
			if alarm.Text("treatMissingData") == "missing" && strings.Contains(alarm.Name, "key-too-old") {
				assert.Greater(t, time.Duration(periods)*period, 2*tick, "%s: one tick may be late", alarm.Name)
			}
		}
	}
}

// alarmPeriod returns the period of the alarm's metric, or of all metrics of its expression.
func alarmPeriod(alarm pulumitest.Registration) time.Duration {
	for _, path := range []string{"period", "metricQueries[1].metric.period"} {
		if value := alarm.Input(path); value.IsNumber() {
			return time.Duration(value.NumberValue()) * time.Second
		}
	}
	return 0
}

// seconds returns the number of seconds at path.
func seconds(t *testing.T, r pulumitest.Registration, path string) time.Duration {
	t.Helper()
	value := r.Input(path)
	require.True(t, value.IsNumber(), "%s of %s", path, r.Name)
	return time.Duration(value.NumberValue()) * time.Second
}

// Each timeout is longer than what it bounds.
func TestTimeoutsOutlastWhatTheyBound(t *testing.T) {
	const (
		authorizerLimit  = 10 * time.Second // of API Gateway, for an authorizer
		integrationLimit = 30 * time.Second // of API Gateway, for an integration
	)
	for tick, recorder := range withTicks(t) {
		timeouts := map[string]time.Duration{}
		for _, f := range recorder.OfType("aws:lambda/function:Function") {
			timeouts[f.Text("name")] = seconds(t, f, "timeout")
		}
		assert.Less(t, timeouts["gatehouse-test-authorizer"], authorizerLimit)
		assert.Less(t, timeouts["gatehouse-test-model"], integrationLimit)
		rotator := timeouts["gatehouse-test-rotator"]
		assert.Equal(t, rotation.RotatorTimeout, rotator)

		s := pulumitest.Settings(t)
		assert.Greater(t, rotator, s.Rotation.Settle+s.Rotation.Drain, "a key settles and replaced ones drain in one run")
		assert.Greater(t, rotator, s.Key.MemoryTTL, "a revocation waits until authorizers have read the keyring again")
		for _, age := range []time.Duration{
			seconds(t, recorder.Only(t, "aws:scheduler/schedule:Schedule"), "target.retryPolicy.maximumEventAgeInSeconds"),
			seconds(t, recorder.Only(t, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"), "maximumEventAgeInSeconds"),
		} {
			assert.Greater(t, age, rotator, "a tick waits for the run before it")
			assert.GreaterOrEqual(t, age, 2*tick)
		}
	}
}

// The longest valid setting must fit too.
func TestRevocationFitsIntoRunWithAnySetting(t *testing.T) {
	_, err := config.Load(map[string]string{"gatehouse:keyMemoryTtl": rotation.RotatorTimeout.String()})
	require.Error(t, err, "keyMemoryTtl ends below the rotator's time")
}
