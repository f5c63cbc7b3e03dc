package streaming

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

// inventory lists what the account has that streaming may add, a line each.
func (s *suite) inventory(ctx context.Context) ([]string, error) {
	var all []string
	for _, list := range []func(context.Context) ([]string, error){s.restAPIs, s.alarms, s.functions, s.logGroups, s.roles, s.origins} {
		some, err := list(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.Sort(all)
	return all, nil
}

// ofStreams returns the lines that name streams.
func ofStreams(inventory []string) []string {
	return slices.DeleteFunc(slices.Clone(inventory), func(line string) bool { return !strings.Contains(line, "stream") })
}

func (s *suite) restAPIs(ctx context.Context) ([]string, error) {
	content, err := s.call(ctx, "apigateway", http.MethodGet, "/restapis?limit=500", nil)
	if err != nil {
		return nil, err
	}
	var listed struct{ Item []struct{ Name string } }
	if err := json.Unmarshal(content, &listed); err != nil {
		return nil, fmt.Errorf("the list of REST APIs: %w", err)
	}
	var names []string
	for _, api := range listed.Item {
		names = append(names, "REST API "+api.Name)
	}
	return names, nil
}

var alarmName = regexp.MustCompile(`<AlarmName>([^<]+)</AlarmName>`)

func (s *suite) alarms(ctx context.Context) ([]string, error) {
	content, err := s.call(ctx, "monitoring", http.MethodPost, "/", []byte("Action=DescribeAlarms&Version=2010-08-01"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, found := range alarmName.FindAllStringSubmatch(string(content), -1) {
		names = append(names, "alarm "+found[1])
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no alarm in %.200q", content)
	}
	return names, nil
}

func (s *suite) functions(ctx context.Context) (names []string, err error) {
	pages := lambda.NewListFunctionsPaginator(lambda.NewFromConfig(s.config()), &lambda.ListFunctionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, f := range page.Functions {
			names = append(names, "function "+aws.ToString(f.FunctionName))
		}
	}
	return names, nil
}

func (s *suite) logGroups(ctx context.Context) (names []string, err error) {
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(s.logs, &cloudwatchlogs.DescribeLogGroupsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range page.LogGroups {
			names = append(names, "log group "+aws.ToString(g.LogGroupName))
		}
	}
	return names, nil
}

func (s *suite) roles(ctx context.Context) (names []string, err error) {
	pages := iam.NewListRolesPaginator(s.iam, &iam.ListRolesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Roles {
			names = append(names, "role "+aws.ToString(r.RoleName))
		}
	}
	return names, nil
}

func (s *suite) origins(ctx context.Context) (names []string, err error) {
	id := s.env.Outputs["distributionId"]
	got, err := cloudfront.NewFromConfig(s.config()).GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &id})
	if err != nil {
		return nil, err
	}
	for _, o := range got.DistributionConfig.Origins.Items {
		names = append(names, "origin "+aws.ToString(o.Id))
	}
	for _, b := range got.DistributionConfig.CacheBehaviors.Items {
		names = append(names, fmt.Sprintf("behavior %s to %s", aws.ToString(b.PathPattern), aws.ToString(b.TargetOriginId)))
	}
	return names, nil
}

func (s *suite) config() aws.Config { return awsclient.Config(s.env.Servers.Cloud.Endpoint()) }

// call calls an API whose client this module doesn't have.
func (s *suite) call(ctx context.Context, service, method, path string, body []byte) ([]byte, error) {
	config := s.config()
	request, err := http.NewRequestWithContext(ctx, method, aws.ToString(config.BaseEndpoint)+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	credentials, err := config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(sum[:]), service, config.Region, time.Now()); err != nil {
		return nil, err
	}
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	content, err := io.ReadAll(got.Body)
	if err == nil && got.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s %.200q", method, path, got.Status, content)
	}
	return content, err
}
