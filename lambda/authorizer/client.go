package main

import (
	"context"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/awsjson"
	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

// An attempt is short, because a connection may have died while Lambda had the process
// frozen, and a second one fits into readTimeout.
const (
	attemptTimeout = 1400 * time.Millisecond
	maxAttempts    = 3
	maxBackoff     = 200 * time.Millisecond
)

// parameterStore lists parameters. It implements the one call that the authorizer needs:
// the SDK's package for Parameter Store prepares all of the service's operations whenever
// it starts, which takes as long as all the rest of the start, and half as much memory
// again.
type parameterStore struct {
	endpoint string
	api      *awsjson.Client
}

// newParameterStore returns a client with the region, endpoint and credentials of the
// function's environment.
func newParameterStore(getenv func(string) string) *parameterStore {
	region := getenv("AWS_REGION")
	endpoint := awsjson.Endpoint(getenv, "ssm", region)
	return &parameterStore{endpoint: endpoint, api: awsjson.New(awsjson.Config{
		Endpoint:       endpoint,
		Region:         region,
		Service:        "ssm",
		Target:         "AmazonSSM",
		Version:        "1.1",
		Credentials:    awsjson.EnvironmentCredentials(getenv),
		AttemptTimeout: attemptTimeout,
		MaxAttempts:    maxAttempts,
		MaxBackoff:     maxBackoff,
		MaxResponse:    maxResponse,
	})}
}

// ListParameters implements [keystore.Lister]. It retries transient errors.
func (p *parameterStore) ListParameters(ctx context.Context, path, next string, decrypt bool) (keystore.Page, error) {
	var page keystore.Page
	err := p.api.Do(ctx, awsjson.Call{
		Operation: "GetParametersByPath",
		Input:     listRequest{Path: path, MaxResults: keystore.PageSize, WithDecryption: decrypt, NextToken: next},
		Read: func(content []byte) (err error) {
			page, err = readPage(content)
			return err
		},
	})
	if err != nil {
		return keystore.Page{}, err
	}
	return page, nil
}
