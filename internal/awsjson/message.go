package awsjson

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/smithy-go"
)

// request returns the signed request of an attempt.
func (c *Client) request(ctx context.Context, operation string, body []byte) (*http.Request, error) {
	credentials, err := c.config.Credentials(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operation, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.Endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-"+c.config.Version)
	req.Header.Set("X-Amz-Target", c.config.Target+"."+operation)
	digest := sha256.Sum256(body)
	err = c.signer.SignHTTP(ctx, credentials, req, hex.EncodeToString(digest[:]), c.config.Service, c.config.Region, time.Now())
	return req, err
}

// read reads a response: the result of the call, or an error.
func (c *Client) read(resp *http.Response, call Call) error {
	content, err := io.ReadAll(io.LimitReader(resp.Body, c.config.MaxResponse))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = responseError(resp, content, call.ReadError)
	} else if err == nil {
		err = call.Read(content)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", call.Operation, err)
	}
	return nil
}

// responseError returns the error of a response other than 200.
func responseError(resp *http.Response, content []byte, readError func(*smithy.GenericAPIError, []byte) error) error {
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
	if readError != nil {
		return readError(apiError, content)
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
