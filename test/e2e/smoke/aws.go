package smoke

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// Region is where the local stack lies.
const Region = "us-east-1"

// Config is how a client reaches the local cloud at an endpoint.
func Config(endpoint string) aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider("test", "test", ""),
	}
}

// Ring reads all keys below the path, oldest first: their names are ordered by
// time.
func Ring(ctx context.Context, endpoint, path string) ([]string, error) {
	type key struct{ name, value string }
	var keys []key
	pages := ssm.NewGetParametersByPathPaginator(ssm.NewFromConfig(Config(endpoint)), &ssm.GetParametersByPathInput{
		Path: aws.String(path), WithDecryption: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the key ring: %w", err)
		}
		for _, p := range page.Parameters {
			keys = append(keys, key{aws.ToString(p.Name), aws.ToString(p.Value)})
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("the key ring %s is empty", path)
	}
	slices.SortFunc(keys, func(a, b key) int { return strings.Compare(a.name, b.name) })
	var values []string
	for _, k := range keys {
		const shortest = 16
		if len(k.value) < shortest {
			return nil, errors.New("a key in the ring is too short to be one")
		}
		values = append(values, k.value)
	}
	return values, nil
}

// ScanLogs looks through every log group. It returns the groups that have a
// value and how many events it looked at.
func ScanLogs(ctx context.Context, endpoint string, s Scanner) (found []string, looked int, err error) {
	client := cloudwatchlogs.NewFromConfig(Config(endpoint))
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
					looked++
					if s.Found([]byte(aws.ToString(event.Message))) && !slices.Contains(found, *group.LogGroupName) {
						found = append(found, *group.LogGroupName)
					}
				}
			}
		}
	}
	return found, looked, nil
}
