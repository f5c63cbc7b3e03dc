package main

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go"

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
	endpoint    string // with a slash at its end
	region      string
	credentials aws.Credentials
	signer      *v4.Signer
	http        *http.Client
}

// newParameterStore returns a client with the region, endpoint and credentials of the
// function's environment.
func newParameterStore(getenv func(string) string) *parameterStore {
	region := getenv("AWS_REGION")
	endpoint := cmp.Or(getenv("AWS_ENDPOINT_URL_SSM"), getenv("AWS_ENDPOINT_URL"), "https://ssm."+region+"."+domain(region))
	return &parameterStore{
		endpoint: strings.TrimSuffix(endpoint, "/") + "/",
		region:   region,
		credentials: aws.Credentials{
			AccessKeyID:     getenv("AWS_ACCESS_KEY_ID"),
			SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"),
			SessionToken:    getenv("AWS_SESSION_TOKEN"),
		},
		signer: v4.NewSigner(),
		http:   &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// domain returns that of the services in a region, of the partitions that have CloudFront.
func domain(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// ListParameters implements [keystore.Lister]. It retries transient errors, with a backoff
// that differs from one authorizer to the next.
func (p *parameterStore) ListParameters(ctx context.Context, path, next string, decrypt bool) (keystore.Page, error) {
	for attempt := 1; ; attempt++ {
		page, err := p.attempt(ctx, path, next, decrypt)
		if err == nil || attempt == maxAttempts || !isTransient(err) {
			return page, err
		}
		select {
		case <-ctx.Done():
			return keystore.Page{}, errors.Join(ctx.Err(), err)
		case <-time.After(rand.N(maxBackoff)):
		}
	}
}

func (p *parameterStore) attempt(ctx context.Context, path, next string, decrypt bool) (keystore.Page, error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	req, err := p.request(ctx, path, next, decrypt)
	if err != nil {
		return keystore.Page{}, err
	}
	resp, err := p.http.Do(req)
	if err != nil {
		return keystore.Page{}, err
	}
	defer resp.Body.Close()
	return readPage(resp)
}

// isTransient reports whether an error may pass by itself: every one but those for which
// the service names a fault of the client, unless that is too many requests.
func isTransient(err error) bool {
	var apiError smithy.APIError
	if !errors.As(err, &apiError) || apiError.ErrorFault() == smithy.FaultServer {
		return true
	}
	switch apiError.ErrorCode() {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "RequestTimeout", "RequestTimeoutException":
		return true
	}
	return false
}
