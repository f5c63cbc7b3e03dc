// Command model is the function behind POST /api/models: it answers a conversation
// with a Bedrock model.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
)

func main() {
	handler, err := newHandler(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(handler.handle)
}

func newHandler(ctx context.Context) (*handler, error) {
	settings, err := readSettings(os.LookupEnv)
	if err != nil {
		return nil, err
	}
	sdk, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("configure the AWS SDK: %w", err)
	}
	return &handler{
		provider:  &bedrock{api: bedrockruntime.NewFromConfig(sdk), model: settings.model},
		model:     settings.model,
		maxTokens: settings.maxTokens,
		log:       slog.New(slog.NewJSONHandler(os.Stdout, nil)),
	}, nil
}
