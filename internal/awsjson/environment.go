package awsjson

import (
	"cmp"
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Endpoint returns the endpoint of a service, such as "dynamodb", in a region: that which
// the environment has for the service or for all of them, else the region's. It ends with
// a slash.
func Endpoint(getenv func(string) string, service, region string) string {
	endpoint := cmp.Or(
		getenv("AWS_ENDPOINT_URL_"+strings.ToUpper(service)),
		getenv("AWS_ENDPOINT_URL"),
		RegionalEndpoint(service, region),
	)
	return strings.TrimSuffix(endpoint, "/") + "/"
}

// RegionalEndpoint returns AWS's endpoint of a service in a region.
func RegionalEndpoint(service, region string) string {
	return "https://" + service + "." + region + "." + domain(region) + "/"
}

// domain returns that of the services in a region, of the partitions that have CloudFront.
func domain(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// EnvironmentCredentials returns the credentials of a Lambda function. They don't change
// during its process's life.
func EnvironmentCredentials(getenv func(string) string) func(context.Context) (aws.Credentials, error) {
	credentials := aws.Credentials{
		AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
		SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
		SessionToken:    getenv("AWS_SESSION_TOKEN"),
	}
	return func(context.Context) (aws.Credentials, error) { return credentials, nil }
}
