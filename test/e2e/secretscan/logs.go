package secretscan

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

// Logs scans every log group of CloudWatch Logs at an AWS endpoint. It returns the groups
// that contain a value, and the number of events that it scanned.
func (s Scanner) Logs(ctx context.Context, endpoint string) (found []string, scanned int, err error) {
	client := cloudwatchlogs.NewFromConfig(awsclient.Config(endpoint))
	groups := cloudwatchlogs.NewDescribeLogGroupsPaginator(client, &cloudwatchlogs.DescribeLogGroupsInput{})
	for groups.HasMorePages() {
		page, err := groups.NextPage(ctx)
		if err != nil {
			return nil, 0, fmt.Errorf("list the log groups: %w", err)
		}
		for _, group := range page.LogGroups {
			events := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: group.LogGroupName})
			for events.HasMorePages() {
				page, err := events.NextPage(ctx)
				if err != nil {
					return nil, 0, fmt.Errorf("read the log group %s: %w", aws.ToString(group.LogGroupName), err)
				}
				for _, event := range page.Events {
					scanned++
					if s.Found([]byte(aws.ToString(event.Message))) && !slices.Contains(found, *group.LogGroupName) {
						found = append(found, *group.LogGroupName)
					}
				}
			}
		}
	}
	return found, scanned, nil
}
