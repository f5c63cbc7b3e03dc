// Command model is the Lambda function that serves the model API. It forwards
// conversations to Amazon Bedrock, or to a server with OpenAI's chat completions API.
// Package api has the endpoints; package chat the interface of the backends.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/api"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/bedrock"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/openai"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/xray"
)

func main() {
	handler, err := newHandler(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(handler)
}

// newHandler returns the handler of the API whose integration invokes this function. The
// integration decides whether it takes streamed responses or others; no function learns
// that from an event.
func newHandler(ctx context.Context) (any, error) {
	env, err := lambdaenv.ParseModel(os.LookupEnv)
	if err != nil {
		return nil, err
	}
	sdk, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("configure the AWS SDK: %w", err)
	}
	admitter, err := newAdmission(env, os.Getenv)
	if err != nil {
		return nil, err
	}
	provider := newProvider(env, sdk)
	if daemon := os.Getenv(xray.AddressVariable); daemon != "" {
		if provider, err = xray.New(provider, env.Backend, daemon); err != nil {
			return nil, fmt.Errorf("reach X-Ray's daemon: %w", err)
		}
	}
	handler := api.New(api.Config{
		Prefix: env.APIPrefix,
		Limits: api.Limits{
			Models: env.ModelIDs, MaxTokens: env.MaxTokens, MaxBody: env.MaxBody,
			PassThrough: env.PassThrough, RefuseUnsupported: env.RefuseUnsupported,
		},
		Stack:      env.Stack,
		Playground: env.Playground,
		LogContent: env.LogContent,
		Log:        slog.New(slog.NewJSONHandler(os.Stdout, nil)),
		Metrics:    os.Stdout,
		Streaming:  streaming(env),
		Admission:  admitter,
	}, provider)
	if env.Streaming {
		return handler.Stream, nil
	}
	return handler, nil
}

// streaming returns nil if responses aren't streamed.
func streaming(env lambdaenv.Model) *api.Streaming {
	if !env.Streaming {
		return nil
	}
	return &api.Streaming{Heartbeat: env.Heartbeat, AnswerTimeout: env.AnswerTimeout}
}

// newProvider returns the provider of the backend. A further backend is added here.
func newProvider(env lambdaenv.Model, sdk aws.Config) chat.Provider {
	if env.Backend == lambdaenv.BackendOpenAI {
		p := &openai.Provider{HTTP: openai.NewClient(env.ServerName), BaseURL: env.BaseURL}
		if env.APIKeyParameter != "" {
			p.Key = &openai.Parameter{API: ssm.NewFromConfig(sdk), Name: env.APIKeyParameter}
		}
		return p
	}
	return &bedrock.Provider{
		API: bedrockruntime.NewFromConfig(sdk, func(o *bedrockruntime.Options) {
			o.Retryer = bedrock.NewRetryer()
			o.HTTPClient = bedrock.NewHTTPClient(o.HTTPClient)
			if env.Region != "" {
				o.Region = env.Region
			}
		}),
		Guardrail:     bedrock.Guardrail{ID: env.GuardrailID, Version: env.GuardrailVersion},
		Probe:         env.ModelIDs[0],
		PromptCaching: env.PromptCaching,
		Foundations:   env.Foundations,

		GuardrailStreaming: env.GuardrailStreaming,
	}
}
