// Command authorizer is the baseline's: it reads one value from Parameter Store for
// each authorization and accepts requests that send just that. It is for comparison with
// the stack's authorizer, and not for use.
package main

import (
	"context"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/gatehouse-iac/gatehouse/test/bench/baseline/internal/function"
)

type event struct {
	Headers map[string]string `json:"headers"`
}

type response struct {
	IsAuthorized bool `json:"isAuthorized"`

	// Context has what the stack's function behind the API looks for.
	Context map[string]string `json:"context"`
}

func main() {
	client := ssm.NewFromConfig(function.Config())
	parameter, header := os.Getenv("PARAMETER"), os.Getenv("HEADER")
	lambda.Start(func(ctx context.Context, e event) (response, error) {
		got, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: &parameter, WithDecryption: aws.Bool(true)})
		if err != nil {
			return response{}, err
		}
		return response{
			IsAuthorized: e.Headers[header] == *got.Parameter.Value,
			Context:      map[string]string{"originKey": "baseline"},
		}, nil
	})
}
