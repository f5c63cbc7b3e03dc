package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// foundationModel is copied by the test's application inference profile.
const foundationModel = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"

// TestApplicationInferenceProfile serves a model by an application inference profile, which
// attributes its costs: the profile's ARN is the model's id, and the function's role may
// invoke the model through it only.
func TestApplicationInferenceProfile(t *testing.T) {
	e := e2etest.Attach(t)
	cloud := profiles{e.Servers.Cloud.Endpoint()}
	arn, err := cloud.create(t.Context(), "gatehouse-api-test", foundationModel)
	if err != nil {
		t.Fatal(err)
	}
	e2etest.Cleanup(t, "delete the inference profile", func(ctx context.Context) error { return cloud.delete(ctx, arn) })
	e = e2etest.Deploy(t, e, map[string]any{
		"gatehouse:modelId": arn, "gatehouse:modelAllowedIds": []string{}, "gatehouse:modelPrices": e2etest.Prices(arn),
	})
	a := New(e)
	var checks []check.Check
	for _, r := range []request{
		{name: "a completion", method: http.MethodPost, path: "/models", contentType: asJSON, body: hello, status: http.StatusOK, has: `"model":"` + arn + `"`},
		{
			name: "an image, by OpenAI's format", method: http.MethodPost, path: "/chat/completions", contentType: asJSON, body: withImage(arn),
			status: http.StatusOK, has: "GIF of 1x1",
		},
		{name: "the model", method: http.MethodGet, path: "/models/" + arn, status: http.StatusOK, has: `"owned_by":"amazon"`},
		{name: "the model, encoded", method: http.MethodGet, path: "/models/" + url.QueryEscape(arn), status: http.StatusOK, has: `"id":"` + arn + `"`},
		{
			name: "the foundation model itself", method: http.MethodPost, path: "/chat/completions", contentType: asJSON,
			body: withMembers("amazon.nova-lite-v1:0", `"n":1`), status: http.StatusNotFound, code: "model_not_found",
		},
	} {
		checks = append(checks, r.check(a))
	}
	e2etest.Run(t, checks)
}

// profiles creates and deletes inference profiles. Bedrock's client would take the SDK of
// all of its control plane.
type profiles struct{ endpoint string }

func (p profiles) create(ctx context.Context, name, model string) (arn string, err error) {
	body, err := json.Marshal(map[string]any{"inferenceProfileName": name, "modelSource": map[string]string{"copyFrom": model}})
	if err != nil {
		return "", err
	}
	content, err := p.call(ctx, http.MethodPost, "/inference-profiles", body)
	var made struct{ InferenceProfileArn string }
	if err == nil {
		err = json.Unmarshal(content, &made)
	}
	if err == nil && made.InferenceProfileArn == "" {
		err = fmt.Errorf("no ARN in %s", content)
	}
	return made.InferenceProfileArn, err
}

func (p profiles) delete(ctx context.Context, arn string) error {
	_, err := p.call(ctx, http.MethodDelete, "/inference-profiles/"+url.PathEscape(arn), nil)
	return err
}

func (p profiles) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	sent, err := http.NewRequestWithContext(ctx, method, p.endpoint+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	sent.Header.Set("Content-Type", asJSON)
	config := awsclient.Config(p.endpoint)
	credentials, err := config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, sent, hex.EncodeToString(sum[:]), "bedrock", config.Region, time.Now()); err != nil {
		return nil, err
	}
	got, err := http.DefaultClient.Do(sent)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	content, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
	if err == nil && got.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s %s", method, path, got.Status, content)
	}
	return content, err
}
