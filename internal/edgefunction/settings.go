package edgefunction

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/responseheaders"
)

// Headers that the functions set on a request. Viewers can't send them.
const (
	requestIDHeader = "x-request-id"
	countryHeader   = "x-viewer-country"
)

// CountrySource is the header in which CloudFront puts the viewer's country if the
// origin request policy lists it. It overwrites what a viewer sends.
const CountrySource = "CloudFront-Viewer-Country"

// viewerSettings are the settings of the viewer-request function.
type viewerSettings struct {
	Prefix            string            `json:"prefix"`         // of the API's paths
	ProblemsPrefix    string            `json:"problemsPrefix"` // of problem documents; empty for none
	KeyHeader         string            `json:"keyHeader"`
	RequestIDHeader   string            `json:"requestIdHeader"`
	CountryHeader     string            `json:"countryHeader"`
	CloudFrontHeaders []string          `json:"cloudFrontHeaders"` // added by CloudFront: not removed
	Methods           []string          `json:"methods"`
	TargetLimit       int               `json:"targetLimit"`
	BodyLimit         int               `json:"bodyLimit"`
	CORS              *corsSettings     `json:"cors"`
	AnswerHeaders     map[string]string `json:"answerHeaders"`

	Credential *credentialSettings `json:"credential"` // null while clients need none
}

type corsSettings struct {
	Origins        []string `json:"origins"`
	Methods        []string `json:"methods"`
	Headers        []string `json:"headers"`
	ExposedHeaders []string `json:"exposedHeaders"`
	Credentials    bool     `json:"credentials"`
	MaxAge         int      `json:"maxAge"` // seconds
}

// responseSettings are the settings of the viewer-response function.
type responseSettings struct {
	RequestIDHeader string            `json:"requestIdHeader"`
	Headers         map[string]string `json:"headers"` // that the response headers policy can't add
}

// originSettings are the settings of the origin-request function.
type originSettings struct {
	RequestIDHeader string   `json:"requestIdHeader"`
	CountryHeader   string   `json:"countryHeader"`
	BodyLimit       int      `json:"bodyLimit"`
	ContentTypes    []string `json:"contentTypes"`
	ProblemsPrefix  string   `json:"problemsPrefix"` // empty if it serves no problem documents
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
		Credential:        newCredentialSettings(args.Credential),
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

// marker is the line of a function's source that its settings replace. Functions in
// CloudFront have no environment variables to hold them.
const marker = "const settings = {}; // replaced at deployment"

// Render returns the source with its settings as JSON, and without indentation, blank
// lines and lines that have only a comment, since they count towards CloudFront's limit.
// No string in the source may span several lines.
func Render(source string, settings any) (string, error) {
	if found := strings.Count(source, marker); found != 1 {
		return "", fmt.Errorf("the function's source has the line %q %d times; it must have it once", marker, found)
	}
	values, err := json.Marshal(settings)
	if err != nil {
		return "", fmt.Errorf("encode the function's settings: %w", err)
	}
	var code strings.Builder
	for line := range strings.Lines(source) {
		if line = strings.TrimLeft(line, " \t\r\n"); line != "" && !strings.HasPrefix(line, "//") {
			code.WriteString(line)
		}
	}
	return strings.Replace(code.String(), marker, fmt.Sprintf("const settings = %s;", values), 1), nil
}
