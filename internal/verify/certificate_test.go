package verify

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/chain/chaintest"
)

var (
	hosts = []string{"inference.example.com", "10.0.10.25"}
	later = chaintest.Epoch.Add(time.Hour)
)

// authority is a root with an intermediate that issues.
type authority struct{ root, intermediate chaintest.Pair }

func newAuthority() authority {
	root := chaintest.Root("root")
	return authority{root, root.Intermediate("intermediate")}
}

// listed has a certificate name these revocation lists.
func listed(urls ...string) chaintest.Change {
	return func(c *x509.Certificate) { c.CRLDistributionPoints = urls }
}

func TestVerifyServer(t *testing.T) {
	a := newAuthority()
	leaf := a.intermediate.Server(hosts)
	got, err := verifyServer(leaf.PEM()+a.intermediate.PEM(), a.root.PEM(), hosts, later)
	require.NoError(t, err)
	assert.Equal(t, server{leaf.Certificate, a.intermediate.Certificate}, got)
	direct := a.root.Server(hosts)
	got, err = verifyServer(direct.PEM(), a.root.PEM(), hosts, later)
	require.NoError(t, err)
	assert.Equal(t, a.root.Certificate, got.issuer)
}

func TestInvalidServersAreFound(t *testing.T) {
	a := newAuthority()
	leaf, client := a.intermediate.Server(hosts), a.intermediate.Server(hosts, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	sent := leaf.PEM() + a.intermediate.PEM()
	for name, c := range map[string]struct {
		sent, roots string
		hosts       []string
		now         time.Time
		want        string
	}{
		"no chain":             {" ", a.root.PEM(), hosts, later, "certificateChain has no certificates"},
		"a key":                {leaf.KeyPEM(), a.root.PEM(), hosts, later, "block 1 is a PRIVATE KEY"},
		"no root":              {sent, "", hosts, later, "caCertificate has no certificate"},
		"another root":         {sent, newAuthority().root.PEM(), hosts, later, "unknown authority"},
		"without the issuer":   {leaf.PEM(), a.root.PEM(), hosts, later, "unknown authority"},
		"ended":                {sent, a.root.PEM(), hosts, leaf.Certificate.NotAfter.Add(time.Second), "expired"},
		"another name":         {sent, a.root.PEM(), []string{"inference.example.com", "model.example.com"}, later, "not model.example.com"},
		"another address":      {sent, a.root.PEM(), []string{"10.0.10.26"}, later, "10.0.10.26"},
		"no names":             {sent, a.root.PEM(), nil, later, "certificateNames is empty"},
		"a client's":           {client.PEM() + a.intermediate.PEM(), a.root.PEM(), hosts, later, "incompatible key usage"},
		"an authority in case": {a.intermediate.PEM(), a.root.PEM(), hosts, later, "inference.example.com"},
	} {
		_, err := verifyServer(c.sent, c.roots, c.hosts, c.now)
		require.ErrorContains(t, err, c.want, name)
		assert.NotContains(t, err.Error(), strings.Split(leaf.KeyPEM(), "\n")[1])
	}
}

func TestRevocationLists(t *testing.T) {
	a, next := newAuthority(), chaintest.Epoch.Add(24*time.Hour)
	leaf, other := a.intermediate.Server(hosts), a.intermediate.Server(hosts)
	s := server{leaf.Certificate, a.intermediate.Certificate}
	got, err := s.notRevoked(a.intermediate.RevocationList(next, other), later)
	require.NoError(t, err)
	assert.Equal(t, "not among 1; the list ends in 23h0m0s", got)
	for want, c := range map[string]struct {
		list []byte
		now  time.Time
	}{
		"revoked at 2026-01-01T00:00:00Z":           {a.intermediate.RevocationList(next, other, leaf), later},
		"ended at 2026-01-02T00:00:00Z":             {a.intermediate.RevocationList(next), next},
		`not signed by "CN=intermediate"`:           {a.root.RevocationList(next), later},
		"the revocation list: x509: malformed crl":  {[]byte("<html>"), later},
		"the revocation list: x509: malformed crl ": {nil, later},
	} {
		_, err := s.notRevoked(c.list, c.now)
		require.ErrorContains(t, err, strings.TrimSpace(want))
	}
}

// privateSuite returns the checks of a stack with a certificate that names these lists.
func privateSuite(a authority, lists ...string) *Suite {
	return &Suite{Now: func() time.Time { return later }, Outputs: Outputs{
		CertificateChain: a.intermediate.Server(hosts, listed(lists...)).PEM() + a.intermediate.PEM(), CACertificate: a.root.PEM(), CertificateNames: hosts,
	}}
}

func TestValidityOfThePrivateCertificate(t *testing.T) {
	got, err := privateSuite(newAuthority()).validity(t.Context())
	require.NoError(t, err)
	assert.Equal(t, "inference.example.com 10.0.10.25, 30 days left, until 2026-02-01T00:00:00Z", got)
}

func TestRevocationIsLeftOutIfNoListIsReached(t *testing.T) {
	a := newAuthority()
	list := a.intermediate.RevocationList(chaintest.Epoch.Add(24 * time.Hour))
	status, content := http.StatusOK, list
	vault := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write(content)
	}))
	defer vault.Close()
	const away = "http://127.0.0.1:1/crl"
	row := func(lists ...string) (leftOut string, err error) {
		result := privateSuite(a, lists...).certificate()[1].Do(t.Context())
		return result.LeftOut, result.Err
	}

	for reason, lists := range map[string][]string{
		"names no revocation list": nil, "at " + away + " is not reachable from here: dial tcp": {away}, "is not reachable from here: it is no web address": {"ldap://ca/crl"},
	} {
		got, err := row(lists...)
		require.NoError(t, err)
		assert.Contains(t, got, reason)
	}
	got, err := row(away, vault.URL)
	require.NoError(t, err)
	assert.Empty(t, got, "the second list is reached")

	status = http.StatusBadGateway
	got, err = row(vault.URL)
	require.NoError(t, err)
	assert.Contains(t, got, "502 Bad Gateway")
	status = http.StatusServiceUnavailable
	_, err = row(vault.URL)
	require.ErrorContains(t, err, "503 Service Unavailable")
	status, content = http.StatusOK, make([]byte, largestList+1)
	_, err = row(vault.URL)
	require.ErrorContains(t, err, "more than")

	s := privateSuite(a, vault.URL)
	s.Outputs.CertificateNames = []string{"other.example.com"}
	all := s.certificate()
	require.ErrorContains(t, all[0].Do(t.Context()).Err, "other.example.com")
	assert.Equal(t, "the certificate itself is not valid", all[1].Do(t.Context()).LeftOut)
}
