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

// A try is short, because a connection may have died while Lambda had the process
// frozen, and a second one fits into readTimeout.
const (
	tryTimeout = 1400 * time.Millisecond
	tries      = 3
	maxBackoff = 200 * time.Millisecond
)

// parameterStore lists parameters. It makes the one call that the authorizer needs
// itself: the SDK's package for Parameter Store prepares all of the service's
// operations whenever it starts, which takes as long as all the rest of the start,
// and half as much memory again.
type parameterStore struct {
	endpoint    string // with a slash at its end
	region      string
	credentials aws.Credentials
	signer      *v4.Signer
	http        *http.Client
}

// newParameterStore returns a client made of what Lambda puts into a function's
// environment.
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

// domain is that of the services in a region, of the partitions that CloudFront is
// in.
func domain(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// ListParameters implements [keystore.Lister]. What may pass by itself is tried
// again after a moment that differs from one authorizer to the next.
func (p *parameterStore) ListParameters(ctx context.Context, path, next string, decrypt bool) (keystore.Page, error) {
	for try := 1; ; try++ {
		page, err := p.try(ctx, path, next, decrypt)
		if err == nil || try == tries || !passing(err) {
			return page, err
		}
		select {
		case <-ctx.Done():
			return keystore.Page{}, errors.Join(ctx.Err(), err)
		case <-time.After(rand.N(maxBackoff)):
		}
	}
}

func (p *parameterStore) try(ctx context.Context, path, next string, decrypt bool) (keystore.Page, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
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

// passing reports whether a failure may pass by itself: all but those refusals
// that the service gives a reason for, unless the reason is too many requests.
func passing(err error) bool {
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorFault() == smithy.FaultServer {
		return true
	}
	switch refused.ErrorCode() {
	case "ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "RequestTimeout", "RequestTimeoutException":
		return true
	}
	return false
}
