package edgefunction

import (
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/responseheaders"
)

// Headers that the functions add to a request, and that no viewer can.
const (
	requestIDHeader = "x-request-id"
	countryHeader   = "x-viewer-country"
)

// CountrySource is the header in which CloudFront says from where a viewer asks, if
// the origin request policy asks it to. It overwrites what a viewer sends.
const CountrySource = "CloudFront-Viewer-Country"

// viewerSettings are what the viewer-request function knows.
type viewerSettings struct {
	Prefix            string            `json:"prefix"`         // of the API's paths
	ProblemsPrefix    string            `json:"problemsPrefix"` // of documents' paths; empty without any
	KeyHeader         string            `json:"keyHeader"`
	RequestIDHeader   string            `json:"requestIdHeader"`
	CountryHeader     string            `json:"countryHeader"`
	CloudFrontHeaders []string          `json:"cloudFrontHeaders"` // that are CloudFront's own, and stay
	Methods           []string          `json:"methods"`
	TargetLimit       int               `json:"targetLimit"`
	BodyLimit         int               `json:"bodyLimit"`
	CORS              *corsSettings     `json:"cors"`
	AnswerHeaders     map[string]string `json:"answerHeaders"`
}

type corsSettings struct {
	Origins        []string `json:"origins"`
	Methods        []string `json:"methods"`
	Headers        []string `json:"headers"`
	ExposedHeaders []string `json:"exposedHeaders"`
	Credentials    bool     `json:"credentials"`
	MaxAge         int      `json:"maxAge"` // seconds
}

// answerSettings are what the viewer-response function knows.
type answerSettings struct {
	RequestIDHeader string            `json:"requestIdHeader"`
	Headers         map[string]string `json:"headers"` // that the response headers policy can't add
}

// originSettings are what the origin-request function knows.
type originSettings struct {
	RequestIDHeader string   `json:"requestIdHeader"`
	CountryHeader   string   `json:"countryHeader"`
	BodyLimit       int      `json:"bodyLimit"`
	ContentTypes    []string `json:"contentTypes"`
	ProblemsPrefix  string   `json:"problemsPrefix"` // empty where it writes no documents
}

func newViewerSettings(args *ViewerArgs) viewerSettings {
	return viewerSettings{
		Prefix:            args.Prefix,
		ProblemsPrefix:    args.ProblemsPrefix,
		KeyHeader:         args.KeyHeader,
		RequestIDHeader:   requestIDHeader,
		CountryHeader:     countryHeader,
		CloudFrontHeaders: lower(args.CloudFrontHeaders),
		Methods:           args.Edge.Methods,
		TargetLimit:       args.Edge.TargetLimit,
		BodyLimit:         args.Edge.BodyLimit,
		CORS:              newCORSSettings(args.CORS),
		AnswerHeaders:     responseheaders.ForGenerated(args.ResponseHeaders),
	}
}

func newCORSSettings(c config.CORS) *corsSettings {
	if !c.Enabled() {
		return nil
	}
	return &corsSettings{
		Origins: c.Origins, Methods: c.Methods, Headers: lower(c.Headers), ExposedHeaders: c.ExposedHeaders,
		Credentials: c.Credentials, MaxAge: int(c.MaxAge.Seconds()),
	}
}
