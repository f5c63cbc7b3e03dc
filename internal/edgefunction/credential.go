package edgefunction

import (
	"slices"

	"github.com/gatehouse-iac/gatehouse/internal/credential"
)

// openPaths are the paths of the API that need no credential, after its prefix: those that
// probes request, and the API's description. With /v1 after the prefix they are open as
// well, since the API ignores it.
var openPaths = []string{"/healthz", "/readyz", "/openapi.yaml", "/chat/healthz"}

// playgroundPath is open too, where the API serves it.
const playgroundPath = "/playground"

// Credential configures what the viewer-request function does with clients' credentials.
// It recognizes them by their form; the API verifies them.
type Credential struct {
	Required bool // rejects requests without a credential; else it only moves those that come
	Tokens   bool // accepts tokens of OIDC issuers beside keys

	Playground bool // the API serves its page, which needs no credential
}

// credentialSettings are the part of [viewerSettings] for credentials. Members that are
// false are left out, since they count towards CloudFront's limit.
type credentialSettings struct {
	Header   string   `json:"header"`
	Open     []string `json:"open"` // paths after the API's prefix
	Required bool     `json:"required,omitempty"`
	Tokens   bool     `json:"tokens,omitempty"`
}

func newCredentialSettings(c *Credential) *credentialSettings {
	if c == nil {
		return nil
	}
	open := slices.Clone(openPaths)
	if c.Playground {
		open = append(open, playgroundPath)
	}
	return &credentialSettings{Header: credential.Header, Open: open, Required: c.Required, Tokens: c.Tokens}
}
