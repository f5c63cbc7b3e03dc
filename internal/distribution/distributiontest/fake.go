// Package distributiontest stands in for CloudFront in tests.
package distributiontest

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
)

// Namespace is that of CloudFront's XML.
const Namespace = "http://cloudfront.amazonaws.com/doc/2020-05-31/"

// Fake is one distribution, behind CloudFront's own HTTP interface: a client of the
// SDK talks to it, with requests that are really written, signed and read. It is
// safe for concurrent use.
type Fake struct {
	// ID is the distribution's.
	ID string

	// DeployTime is how long a change takes to reach the last edge.
	DeployTime time.Duration

	// Edges is how many there are, 1 if zero. One after another has a new version,
	// the first at once, the last after DeployTime.
	Edges int

	// Before, if set, is called before each operation with its name; an error that it
	// returns is the operation's, which then does nothing.
	Before func(ctx context.Context, operation string) error

	// After, if set, is called after each operation, which then has taken effect; an
	// error that it returns takes the place of the reply.
	After func(ctx context.Context, operation string) error

	mu       sync.Mutex
	versions []version
	requests []Request
}

// Request is a request that the fake got.
type Request struct {
	*http.Request
	Body []byte
}

// Refusal is an error that CloudFront answers with.
type Refusal struct {
	Status        int
	Code, Message string
}

// Error implements error.
func (r Refusal) Error() string { return r.Code + ": " + r.Message }

type version struct {
	config   string // the DistributionConfig element
	modified time.Time
	headers  map[[2]string]string // by origin and name, as far as they were asked for
}

func newVersion(config string, modified time.Time) version {
	return version{config, modified, map[[2]string]string{}}
}

func (v version) headerOf(originID, header string) string {
	at := [2]string{originID, header}
	value, known := v.headers[at]
	if !known {
		value = HeaderOf(v.config, originID, header)
		v.headers[at] = value
	}
	return value
}

// New returns a distribution that has had the configuration, a DistributionConfig
// element, everywhere for a day.
func New(id, config string) *Fake {
	return &Fake{ID: id, versions: []version{newVersion(config, time.Now().Add(-24*time.Hour))}}
}

// Client returns a client of the SDK that talks to the fake, and tries once.
func (f *Fake) Client() *cloudfront.Client {
	return cloudfront.New(cloudfront.Options{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "SECRET", ""),
		HTTPClient:  f,
		Retryer:     aws.NopRetryer{},
	})
}

// Set replaces the configuration, as another client would.
func (f *Fake) Set(config string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.versions = append(f.versions, newVersion(config, time.Now()))
}

// Config returns the configuration.
func (f *Fake) Config() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.newest().config
}

// ETag returns the configuration's.
func (f *Fake) ETag() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.etag()
}

// Requests returns the requests so far.
func (f *Fake) Requests() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Request(nil), f.requests...)
}

// Sent returns what each edge sends in the header to the origin at this moment.
func (f *Fake) Sent(originID, header string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	edges := max(f.Edges, 1)
	sent := make([]string, edges)
	values := make([]string, len(f.versions))
	for i, v := range f.versions {
		values[i] = v.headerOf(originID, header)
	}
	for edge := range edges {
		delay := f.DeployTime
		if edges > 1 {
			delay = f.DeployTime * time.Duration(edge) / time.Duration(edges-1)
		}
		sent[edge] = values[0]
		for i, v := range f.versions {
			if time.Since(v.modified) >= delay {
				sent[edge] = values[i]
			}
		}
	}
	return sent
}

// HeaderOf returns the value of a header of an origin in a configuration, and an
// empty text when there is none.
func HeaderOf(config, originID, header string) string {
	var parsed struct {
		Origins []struct {
			ID      string                                     `xml:"Id"`
			Headers []struct{ HeaderName, HeaderValue string } `xml:"CustomHeaders>Items>OriginCustomHeader"`
		} `xml:"Origins>Items>Origin"`
	}
	if err := xml.Unmarshal([]byte(config), &parsed); err != nil {
		panic(err)
	}
	for _, origin := range parsed.Origins {
		for _, h := range origin.Headers {
			if origin.ID == originID && strings.EqualFold(h.HeaderName, header) {
				return h.HeaderValue
			}
		}
	}
	return ""
}

func (f *Fake) newest() version { return f.versions[len(f.versions)-1] }
func (f *Fake) etag() string    { return fmt.Sprintf("E%d", len(f.versions)) }

// Do implements [cloudfront.HTTPClient].
func (f *Fake) Do(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	f.requests = append(f.requests, Request{request, body})
	f.mu.Unlock()

	operation, run := f.route(request)
	if f.Before != nil {
		if err := f.Before(request.Context(), operation); err != nil {
			return answerTo(request, err)
		}
	}
	etag, text, err := run(request, string(body))
	if err == nil && f.After != nil {
		err = f.After(request.Context(), operation)
	}
	if err != nil {
		return answerTo(request, err)
	}
	return response(request, http.StatusOK, etag, text), nil
}

type operation func(request *http.Request, body string) (etag, text string, err error)

func (f *Fake) route(request *http.Request) (string, operation) {
	path := "/2020-05-31/distribution/" + f.ID
	switch request.Method + " " + request.URL.Path {
	case "GET " + path:
		return "GetDistribution", f.get
	case "PUT " + path + "/config":
		return "UpdateDistribution", f.update
	}
	return "Unknown", func(*http.Request, string) (string, string, error) {
		return "", "", Refusal{http.StatusNotFound, "NoSuchDistribution", "The specified distribution does not exist."}
	}
}

func (f *Fake) get(*http.Request, string) (string, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.etag(), f.distribution(), nil
}

func (f *Fake) update(request *http.Request, body string) (string, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if request.Header.Get("If-Match") != f.etag() {
		return "", "", Refusal{http.StatusPreconditionFailed, "PreconditionFailed", "The request failed because it didn't meet the preconditions in one or more request-header fields."}
	}
	_, config, found := strings.Cut(body, "?>")
	if !found {
		return "", "", Refusal{http.StatusBadRequest, "MalformedXML", "no XML declaration"}
	}
	f.versions = append(f.versions, newVersion(strings.TrimSpace(config), time.Now()))
	return f.etag(), f.distribution(), nil
}

// distribution is the answer to both operations.
func (f *Fake) distribution() string {
	v := f.newest()
	status := "Deployed"
	if time.Since(v.modified) < f.DeployTime {
		status = "InProgress"
	}
	return fmt.Sprintf(`<?xml version="1.0"?>
<Distribution xmlns="%s"><Id>%s</Id><ARN>arn:aws:cloudfront::123456789012:distribution/%[2]s</ARN><Status>%s</Status><LastModifiedTime>%s</LastModifiedTime><InProgressInvalidationBatches>0</InProgressInvalidationBatches><DomainName>d111111abcdef8.cloudfront.net</DomainName>%s</Distribution>`,
		Namespace, f.ID, status, v.modified.UTC().Format("2006-01-02T15:04:05.000Z"), v.config)
}

// answerTo makes an answer of a [Refusal], and a broken connection of other errors.
func answerTo(request *http.Request, err error) (*http.Response, error) {
	refusal, ok := err.(Refusal)
	if !ok {
		return nil, err
	}
	return response(request, refusal.Status, "", fmt.Sprintf(`<?xml version="1.0"?>
<ErrorResponse xmlns="%s"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error><RequestId>11111111-2222</RequestId></ErrorResponse>`,
		Namespace, refusal.Code, refusal.Message)), nil
}

func response(request *http.Request, status int, etag, text string) *http.Response {
	header := http.Header{"Content-Type": {"text/xml"}}
	if etag != "" {
		header.Set("Etag", etag)
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader([]byte(text))), ContentLength: int64(len(text)), Request: request,
	}
}
