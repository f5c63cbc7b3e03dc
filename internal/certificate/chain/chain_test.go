package chain_test

import (
	"crypto/tls"
	"crypto/x509"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/certificate/chain"
	"github.com/gatehouse-iac/gatehouse/internal/certificate/chain/chaintest"
)

var hosts = []string{"inference.example.com", "10.0.10.25"}

// world is a root, an intermediate that it signed, and a server's certificate that
// that signed.
type world struct{ root, intermediate, server chaintest.Pair }

func newWorld() world {
	root := chaintest.Root("root")
	intermediate := root.Intermediate("intermediate")
	return world{root, intermediate, intermediate.Server(hosts)}
}

func (w world) issued() chain.Issued {
	return chain.Issued{
		Certificate: w.server.PEM(),
		Authorities: w.intermediate.PEM() + w.root.PEM(),
		PrivateKey:  w.server.KeyPEM(),
	}
}

// life is that of the servers' certificates.
const life = 31 * 24 * time.Hour

func TestBundleHasChainKeyAndRoot(t *testing.T) {
	w := newWorld()
	want := chain.Bundle{
		Chain:      w.server.PEM() + w.intermediate.PEM(),
		PrivateKey: w.server.KeyPEM(),
		Root:       w.root.PEM(),
		Life:       life,
	}
	for name, authorities := range map[string]string{
		"as Vault puts them":          w.intermediate.PEM() + w.root.PEM(),
		"the other way around":        w.root.PEM() + w.intermediate.PEM(),
		"with space in between":       "\n\n" + w.root.PEM() + "\n \r\n" + w.intermediate.PEM() + "\n",
		"without the last line's end": w.intermediate.PEM() + strings.TrimSpace(w.root.PEM()),
	} {
		issued := w.issued()
		issued.Authorities = authorities
		got, err := chain.New(issued, hosts)
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
}

func TestRootMayIssueDirectly(t *testing.T) {
	root := chaintest.Root("root")
	server := root.Server(hosts)
	got, err := chain.New(chain.Issued{Certificate: server.PEM(), Authorities: root.PEM(), PrivateKey: server.KeyPEM()}, hosts)
	require.NoError(t, err)
	assert.Equal(t, chain.Bundle{Chain: server.PEM(), PrivateKey: server.KeyPEM(), Root: root.PEM(), Life: life}, got)
}

func TestServed(t *testing.T) {
	w := newWorld()
	served, err := chain.Served(w.server.PEM(), w.root.PEM()+w.intermediate.PEM())
	require.NoError(t, err)
	assert.Equal(t, w.server.PEM()+w.intermediate.PEM(), served)
	_, err = chain.Served(w.server.PEM(), w.intermediate.PEM())
	require.ErrorContains(t, err, "import the root")
}

func TestOtherInputsAreRejected(t *testing.T) {
	w := newWorld()
	other := newWorld()
	constrained := w.root.Intermediate("constrained", func(c *x509.Certificate) {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"example.org"}, true
	})
	short := w.root.Intermediate("short", func(c *x509.Certificate) { c.NotAfter = chaintest.Epoch.AddDate(0, 0, 7) })
	noAuthority := w.root.Intermediate("no authority", func(c *x509.Certificate) { c.IsCA = false })
	noSigner := w.root.Intermediate("no signer", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })
	last := w.root.Intermediate("last", func(c *x509.Certificate) { c.MaxPathLenZero = true })
	belowLast := last.Intermediate("below the last")
	twin := w.root.Intermediate("intermediate", func(c *x509.Certificate) { c.SerialNumber = w.intermediate.Certificate.SerialNumber })

	// by is what an authority below the root issues.
	by := func(authority chaintest.Pair, above ...chaintest.Pair) chain.Issued {
		server := authority.Server(hosts)
		issued := chain.Issued{Certificate: server.PEM(), Authorities: authority.PEM() + w.root.PEM(), PrivateKey: server.KeyPEM()}
		for _, a := range above {
			issued.Authorities += a.PEM()
		}
		return issued
	}
	with := func(change func(*chain.Issued)) chain.Issued {
		issued := w.issued()
		change(&issued)
		return issued
	}
	client := w.intermediate.Server(hosts, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	self := chaintest.SelfSigned(hosts)
	damaged := strings.Replace(w.root.PEM(), "\nMII", "\n!II", 1)

	for name, c := range map[string]struct {
		issued chain.Issued
		want   string
	}{
		"no certificate":            {with(func(i *chain.Issued) { i.Certificate = "" }), "there are 0 certificates; there must be one"},
		"two certificates":          {with(func(i *chain.Issued) { i.Certificate += w.intermediate.PEM() }), "there are 2 certificates; there must be one"},
		"a key for a certificate":   {with(func(i *chain.Issued) { i.Certificate = i.PrivateKey }), "block 1 is a PRIVATE KEY"},
		"an authority's":            {with(func(i *chain.Issued) { i.Certificate, i.Authorities = w.intermediate.PEM(), w.root.PEM() }), `the certificate "CN=intermediate" is an authority's`},
		"no authorities":            {with(func(i *chain.Issued) { i.Authorities = "" }), `none of the authorities signed "CN=inference.example.com"`},
		"no root":                   {with(func(i *chain.Issued) { i.Authorities = w.intermediate.PEM() }), `none of the authorities signed "CN=intermediate", which is no root: import the root`},
		"no intermediate":           {with(func(i *chain.Issued) { i.Authorities = w.root.PEM() }), `none of the authorities signed "CN=inference.example.com"`},
		"another's authorities":     {with(func(i *chain.Issued) { i.Authorities = other.issued().Authorities }), "none of the authorities signed"},
		"another's root":            {with(func(i *chain.Issued) { i.Authorities = w.intermediate.PEM() + other.root.PEM() }), `none of the authorities signed "CN=intermediate"`},
		"another authority besides": {with(func(i *chain.Issued) { i.Authorities += other.intermediate.PEM() }), `the authority "CN=intermediate" is not above "CN=inference.example.com"`},
		"another root besides":      {with(func(i *chain.Issued) { i.Authorities += other.root.PEM() }), `the authority "CN=root" is not above`},
		"the certificate again":     {with(func(i *chain.Issued) { i.Authorities += i.Certificate }), `the authority "CN=inference.example.com" is not above`},
		"an authority twice":        {with(func(i *chain.Issued) { i.Authorities += w.root.PEM() }), `"CN=root" is a duplicate`},
		"a name's twin":             {with(func(i *chain.Issued) { i.Authorities += twin.PEM() }), `the authority "CN=intermediate" is not above`},
		"a key among authorities":   {with(func(i *chain.Issued) { i.Authorities += i.PrivateKey }), "block 3 is a PRIVATE KEY"},
		"text before":               {with(func(i *chain.Issued) { i.Authorities = "issuer\n" + i.Authorities }), "it has content that isn't PEM"},
		"text between":              {with(func(i *chain.Issued) { i.Authorities = w.intermediate.PEM() + "root\n" + w.root.PEM() }), "it has content that isn't PEM"},
		"text after":                {with(func(i *chain.Issued) { i.Authorities += "the end" }), "it has content that isn't PEM"},
		"a damaged block":           {with(func(i *chain.Issued) { i.Authorities = damaged + i.Authorities }), "it has content that isn't PEM"},
		"a block that is no certificate": {
			with(func(i *chain.Issued) {
				i.Authorities += "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
			}),
			"block 3: x509: malformed certificate",
		},
		"signed by itself":                 {chain.Issued{Certificate: self.PEM(), PrivateKey: self.KeyPEM()}, "none of the authorities signed"},
		"by no authority":                  {by(noAuthority), "none of the authorities signed"},
		"by none that may sign":            {by(noSigner), "none of the authorities signed"},
		"below the last":                   {by(belowLast, last), "is not valid for a server"},
		"outside of the authority's names": {by(constrained), "is not valid for a server"},
		"outliving its authority":          {by(short), "is not valid for a server at 2026-02-01T00:00:00Z"},
		"for clients": {
			with(func(i *chain.Issued) { i.Certificate, i.PrivateKey = client.PEM(), client.KeyPEM() }),
			"is not valid for a server",
		},
		"no key":             {with(func(i *chain.Issued) { i.PrivateKey = "" }), "there are 0 PEM blocks; there must be one"},
		"another's key":      {with(func(i *chain.Issued) { i.PrivateKey = other.server.KeyPEM() }), "private key does not match public key"},
		"the authority's":    {with(func(i *chain.Issued) { i.PrivateKey = w.intermediate.KeyPEM() }), "private key does not match public key"},
		"two keys":           {with(func(i *chain.Issued) { i.PrivateKey += other.server.KeyPEM() }), "there are 2 PEM blocks; there must be one"},
		"a key that is none": {with(func(i *chain.Issued) { i.PrivateKey = w.root.PEM() }), "the private key of"},
		"an encrypted key": {
			with(func(i *chain.Issued) {
				i.PrivateKey = strings.Replace(i.PrivateKey, "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\n\n", 1)
			}),
			"has headers",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := chain.New(c.issued, hosts)
			require.ErrorContains(t, err, c.want)
			assert.Zero(t, got)
			for line := range strings.Lines(w.server.KeyPEM()) {
				if !strings.HasPrefix(line, "-----") {
					assert.NotContains(t, err.Error(), strings.TrimSpace(line), "the key is not quoted")
				}
			}
		})
	}
}

func TestCertificateMustHaveTheHosts(t *testing.T) {
	issued := newWorld().issued()
	for _, host := range []string{"other.example.com", "sub.inference.example.com", "10.0.10.26"} {
		_, err := chain.New(issued, append(slices.Clone(hosts), host))
		require.ErrorContains(t, err, host)
	}
}

// Regardless of the number of authorities and of their order, the chain is
// in order, a client that trusts the root and nothing else accepts it, and without
// any one of them, or with one more, there is none.
func TestChainsOfAnyLengthInAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	foreign := chaintest.Root("foreign")
	for length := 1; length <= 4; length++ {
		path := []chaintest.Pair{chaintest.Root("authority")}
		for len(path) < length {
			path = append(path, path[len(path)-1].Intermediate("authority")) // names alone don't tell them apart
		}
		server := path[len(path)-1].Server(hosts)
		ordered := server.PEM()
		for _, authority := range slices.Backward(path[1:]) {
			ordered += authority.PEM()
		}
		for range 20 {
			shuffled := slices.Clone(path)
			random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			issued := chain.Issued{Certificate: server.PEM(), Authorities: join(shuffled), PrivateKey: server.KeyPEM()}
			bundle, err := chain.New(issued, hosts)
			require.NoError(t, err)
			require.Equal(t, chain.Bundle{Chain: ordered, PrivateKey: server.KeyPEM(), Root: path[0].PEM(), Life: life}, bundle)

			again, err := chain.New(chain.Issued{Certificate: server.PEM(), Authorities: strings.TrimPrefix(bundle.Chain, server.PEM()) + bundle.Root, PrivateKey: bundle.PrivateKey}, hosts)
			require.NoError(t, err)
			require.Equal(t, bundle, again, "what comes out goes in again")

			issued.Authorities = join(slices.Delete(slices.Clone(shuffled), 0, 1))
			_, err = chain.New(issued, hosts)
			require.Error(t, err, "one is missing")
			issued.Authorities = join(slices.Insert(slices.Clone(shuffled), random.IntN(length+1), foreign))
			_, err = chain.New(issued, hosts)
			require.Error(t, err, "one is too many")
		}
	}
}

func join(pairs []chaintest.Pair) string {
	var text strings.Builder
	for _, pair := range pairs {
		text.WriteString(pair.PEM())
	}
	return text.String()
}

// A server with the bundle and a client with its root understand each other.
func TestTLSHandshakeWithTheBundle(t *testing.T) {
	bundle, err := chain.New(newWorld().issued(), hosts)
	require.NoError(t, err)
	certificate, err := tls.X509KeyPair([]byte(bundle.Chain), []byte(bundle.PrivateKey))
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM([]byte(bundle.Root)))

	near, far := net.Pipe()
	server := tls.Server(near, &tls.Config{Certificates: []tls.Certificate{certificate}})
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	client := tls.Client(far, &tls.Config{RootCAs: roots, ServerName: hosts[0], Time: chaintest.Epoch.Local})
	require.NoError(t, client.Handshake())
	require.NoError(t, <-done)
	assert.Len(t, client.ConnectionState().PeerCertificates, 2, "the root isn't sent")
}

func TestAboveReturnsTheRoot(t *testing.T) {
	w := newWorld()
	for name, c := range map[string]struct{ issuer, authorities string }{
		"the issuer among them":  {w.intermediate.PEM(), w.intermediate.PEM() + "\n" + w.root.PEM()},
		"only those above":       {w.intermediate.PEM(), w.root.PEM()},
		"the root itself":        {w.root.PEM(), w.root.PEM()},
		"the root without chain": {w.root.PEM(), ""},
	} {
		got, err := chain.Above(c.issuer, c.authorities)
		require.NoError(t, err, name)
		assert.Equal(t, w.root.PEM(), got.Root, name)
	}
	for name, c := range map[string]struct{ issuer, authorities, want string }{
		"no issuer":           {"", w.root.PEM(), "the issuer: there are 0 certificates"},
		"no root":             {w.intermediate.PEM(), w.intermediate.PEM(), "import the root, without its key, into the issuer's mount"},
		"another root":        {w.intermediate.PEM(), newWorld().root.PEM(), "none of the authorities signed"},
		"another besides":     {w.intermediate.PEM(), w.root.PEM() + newWorld().root.PEM(), "is not above"},
		"text":                {w.intermediate.PEM(), "root", "isn't PEM"},
		"a server's, with it": {w.server.PEM(), w.root.PEM(), "none of the authorities signed"},
	} {
		_, err := chain.Above(c.issuer, c.authorities)
		require.ErrorContains(t, err, c.want, name)
	}
}

func TestAboveReturnsTheEarliestExpiry(t *testing.T) {
	soon := chaintest.Epoch.AddDate(0, 0, 7)
	shorter := func(c *x509.Certificate) { c.NotAfter = soon }
	root, shortRoot := chaintest.Root("root"), chaintest.Root("root", shorter)
	for name, c := range map[string]struct {
		issuer, root chaintest.Pair
		want         time.Time
	}{
		"the issuer": {root.Intermediate("issuer", shorter), root, soon},
		"the root":   {shortRoot.Intermediate("issuer"), shortRoot, soon},
		"as usual":   {root.Intermediate("issuer"), root, chaintest.Epoch.Add(5 * chaintest.Year)},
	} {
		got, err := chain.Above(c.issuer.PEM(), c.root.PEM())
		require.NoError(t, err, name)
		assert.Equal(t, c.want, got.End, name)
	}
}
