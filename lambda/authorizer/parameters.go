package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

const (
	operation = "GetParametersByPath"

	// maxResponse is more than a full page of parameters of the largest tier.
	maxResponse = 1 << 20
)

// listRequest and listResponse have the needed fields of GetParametersByPath's request and
// response, in the protocol AWS JSON 1.1.
type listRequest struct {
	Path           string
	MaxResults     int
	WithDecryption bool
	NextToken      string `json:",omitempty"`
}

type listResponse struct {
	Parameters []struct {
		Name, Value      string
		LastModifiedDate float64 // seconds since 1970
	}
	NextToken string
}

// request returns the signed request for a page.
func (p *parameterStore) request(ctx context.Context, path, next string, decrypt bool) (*http.Request, error) {
	body, err := json.Marshal(listRequest{Path: path, MaxResults: keystore.PageSize, WithDecryption: decrypt, NextToken: next})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AmazonSSM."+operation)
	digest := sha256.Sum256(body)
	err = p.signer.SignHTTP(ctx, p.credentials, req, hex.EncodeToString(digest[:]), "ssm", p.region, time.Now())
	return req, err
}

// readPage reads the response, a page or an error. The error quotes nothing of a page:
// there are keys in it.
func readPage(resp *http.Response) (keystore.Page, error) {
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	if err != nil {
		return keystore.Page{}, fmt.Errorf("%s: %w", operation, err)
	}
	if resp.StatusCode != http.StatusOK {
		return keystore.Page{}, fmt.Errorf("%s: %w", operation, responseError(resp, content))
	}
	var list listResponse
	if err := json.Unmarshal(content, &list); err != nil {
		return keystore.Page{}, fmt.Errorf("%s: the response is no JSON of a list of parameters", operation)
	}
	page := keystore.Page{Next: list.NextToken}
	for _, parameter := range list.Parameters {
		page.Parameters = append(page.Parameters, keystore.Parameter{
			Name: parameter.Name, Value: parameter.Value, Modified: moment(parameter.LastModifiedDate),
		})
	}
	return page, nil
}

func moment(seconds float64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000)))
}

// responseError returns the error of a response other than 200.
func responseError(resp *http.Response, content []byte) error {
	var described struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(content, &described) // proxies send other forms: then only the status is known
	apiError := &smithy.GenericAPIError{
		Code:    errorCode(cmp.Or(resp.Header.Get("X-Amzn-Errortype"), described.Type, resp.Status)),
		Message: described.Message,
		Fault:   smithy.FaultClient,
	}
	if resp.StatusCode >= http.StatusInternalServerError || resp.StatusCode == http.StatusTooManyRequests {
		apiError.Fault = smithy.FaultServer
	}
	return apiError
}

// errorCode returns the name in an error's type, which may have a namespace before it and
// an address after it.
func errorCode(errorType string) string {
	_, name, found := strings.Cut(errorType, "#")
	if !found {
		name = errorType
	}
	name, _, _ = strings.Cut(name, ":")
	return name
}
