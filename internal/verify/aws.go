package verify

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/gatehouse-iac/gatehouse/internal/awsjson"
)

// CloudWatchAlarms finds alarms in CloudWatch.
type CloudWatchAlarms struct {
	calls *awsjson.Client
}

// The size of a page of alarms, the most that DescribeAlarms returns, and of its response.
const (
	alarmsPage     = 100
	largestAnswer  = 8 << 20
	attemptTimeout = 20 * time.Second
)

// NewCloudWatchAlarms returns the alarms of a region.
func NewCloudWatchAlarms(endpoint, region string, credentials func(context.Context) (aws.Credentials, error)) *CloudWatchAlarms {
	return &CloudWatchAlarms{awsjson.New(awsjson.Config{
		Endpoint: endpoint, Region: region, Service: "monitoring", Target: "GraniteServiceVersion20100801", Version: "1.0", Credentials: credentials,
		AttemptTimeout: attemptTimeout, MaxAttempts: 4, MaxBackoff: time.Second, MaxResponse: largestAnswer,
	})}
}

// describeAlarms is the input of DescribeAlarms.
type describeAlarms struct {
	AlarmNamePrefix string
	AlarmTypes      []string
	MaxRecords      int
	NextToken       string `json:",omitempty"`
}

// InAlarm returns the names of the alarms in the state ALARM, and how many alarms there are.
func (c *CloudWatchAlarms) InAlarm(ctx context.Context, prefix string) (names []string, all int, err error) {
	input := describeAlarms{AlarmNamePrefix: prefix, AlarmTypes: []string{"MetricAlarm", "CompositeAlarm"}, MaxRecords: alarmsPage}
	for {
		var page struct {
			MetricAlarms, CompositeAlarms []struct{ AlarmName, StateValue string }
			NextToken                     string
		}
		read := func(content []byte) error { return json.Unmarshal(content, &page) }
		if err := c.calls.Do(ctx, awsjson.Call{Operation: "DescribeAlarms", Input: input, Read: read}); err != nil {
			return nil, 0, err
		}
		for _, alarm := range append(page.MetricAlarms, page.CompositeAlarms...) {
			all++
			if alarm.StateValue == "ALARM" {
				names = append(names, alarm.AlarmName)
			}
		}
		if page.NextToken == "" {
			return names, all, nil
		}
		input.NextToken = page.NextToken
	}
}

// CloudWatchLogs searches CloudWatch Logs.
type CloudWatchLogs struct {
	API cloudwatchlogs.FilterLogEventsAPIClient
}

// Has reports whether a log group has a line with a text, since a time.
func (c CloudWatchLogs) Has(ctx context.Context, group, text string, since time.Time) (bool, error) {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(c.API, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String(group), FilterPattern: aws.String(quote(text)), StartTime: aws.Int64(since.UnixMilli()),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, err
		}
		if len(page.Events) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// quote returns a filter pattern for lines with a text. Ids of requests have no quotation
// marks.
func quote(text string) string { return `"` + text + `"` }
