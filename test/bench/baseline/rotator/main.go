// Command rotator is the baseline's: it draws a value, gives it to CloudFront, and
// then puts it into Parameter Store in place of the one before. It is for comparison
// with the stack's rotator, and not for use.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/gatehouse-iac/gatehouse/test/bench/baseline/internal/function"
)

type event struct {
	DistributionID string `json:"distributionId"`
	Header         string `json:"header"`
	Parameter      string `json:"parameter"`
}

func main() {
	config := function.Config()
	cdn, store := cloudfront.NewFromConfig(config), ssm.NewFromConfig(config)
	lambda.Start(func(ctx context.Context, e event) error {
		value := rand.Text()
		if err := publish(ctx, cdn, e, value); err != nil {
			return fmt.Errorf("give the value to CloudFront: %w", err)
		}
		_, err := store.PutParameter(ctx, &ssm.PutParameterInput{
			Name: &e.Parameter, Value: &value, Type: types.ParameterTypeSecureString, Overwrite: aws.Bool(true),
		})
		return err
	})
}

func publish(ctx context.Context, cdn *cloudfront.Client, e event, value string) error {
	got, err := cdn.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &e.DistributionID})
	if err != nil {
		return err
	}
	for _, origin := range got.DistributionConfig.Origins.Items {
		for i, header := range origin.CustomHeaders.Items {
			if strings.EqualFold(*header.HeaderName, e.Header) {
				origin.CustomHeaders.Items[i].HeaderValue = &value
			}
		}
	}
	_, err = cdn.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{
		Id: &e.DistributionID, IfMatch: got.ETag, DistributionConfig: got.DistributionConfig,
	})
	return err
}
