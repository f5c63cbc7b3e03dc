package verify

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAlarmsOfAllPages(t *testing.T) {
	var inputs []map[string]any
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "GraniteServiceVersion20100801.DescribeAlarms", r.Header.Get("X-Amz-Target"))
		var input map[string]any
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&input))
		inputs = append(inputs, input)
		if len(inputs) == 1 {
			_, _ = w.Write([]byte(`{"MetricAlarms":[{"AlarmName":"p-a","StateValue":"OK"},{"AlarmName":"p-b","StateValue":"ALARM"}],"NextToken":"2"}`))
			return
		}
		_, _ = w.Write([]byte(`{"CompositeAlarms":[{"AlarmName":"p-c","StateValue":"ALARM"}],"MetricAlarms":[{"AlarmName":"p-d","StateValue":"INSUFFICIENT_DATA"}]}`))
	}))
	t.Cleanup(server.Close)
	credentials := func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
	}
	names, all, err := NewCloudWatchAlarms(server.URL, "eu-west-1", credentials).InAlarm(t.Context(), "p-")
	require.NoError(t, err)
	assert.Equal(t, []string{"p-b", "p-c"}, names)
	assert.Equal(t, 4, all)
	assert.Equal(t, "p-", inputs[0]["AlarmNamePrefix"])
	assert.Equal(t, "2", inputs[1]["NextToken"])
}

// logPages returns one page after another.
type logPages struct {
	pages []*cloudwatchlogs.FilterLogEventsOutput
	asked []*cloudwatchlogs.FilterLogEventsInput
}

func (l *logPages) FilterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	l.asked = append(l.asked, in)
	if len(l.pages) == 0 {
		return nil, errors.New("no such group")
	}
	next := l.pages[0]
	l.pages = l.pages[1:]
	return next, nil
}

func TestLogsOfAllPages(t *testing.T) {
	empty := &cloudwatchlogs.FilterLogEventsOutput{NextToken: aws.String("2")}
	l := &logPages{pages: []*cloudwatchlogs.FilterLogEventsOutput{empty, {Events: []types.FilteredLogEvent{{}}}}}
	found, err := CloudWatchLogs{l}.Has(t.Context(), "g", "id==", time.UnixMilli(7))
	require.NoError(t, err)
	assert.True(t, found)
	assert.Equal(t, `"id=="`, *l.asked[0].FilterPattern)
	assert.Equal(t, int64(7), *l.asked[0].StartTime)

	found, err = CloudWatchLogs{&logPages{pages: []*cloudwatchlogs.FilterLogEventsOutput{{}}}}.Has(t.Context(), "g", "x", time.Time{})
	require.NoError(t, err)
	assert.False(t, found)
	_, err = CloudWatchLogs{&logPages{}}.Has(t.Context(), "g", "x", time.Time{})
	require.ErrorContains(t, err, "no such group")
}
