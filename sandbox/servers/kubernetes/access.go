package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net"
	"os"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

const (
	kubeconfigFile = "kubeconfig"

	certificateFile = "server.crt"
	keyFile         = "server.key"
	tokensFile      = "tokens.csv"
	accountsFile    = "accounts.key" // signs the tokens of service accounts
)

// access holds the administrator's credentials for the server.
type access struct {
	server    string
	authority []byte // PEM
	token     string
}

// newAccess creates the server's certificate and keys and the administrator's
// token, and writes the files that the server reads, and the kubeconfig.
func newAccess(port int) (access, error) {
	authority, key, err := cert.GenerateSelfSignedCertKey("localhost", []net.IP{net.IPv4(127, 0, 0, 1)}, nil)
	if err != nil {
		return access{}, err
	}
	accounts, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return access{}, err
	}
	accountsKey, err := keyutil.MarshalPrivateKeyToPEM(accounts)
	if err != nil {
		return access{}, err
	}
	a := access{server: fmt.Sprintf("https://127.0.0.1:%d", port), authority: authority, token: rand.Text()}
	for name, content := range map[string][]byte{
		certificateFile: authority,
		keyFile:         key,
		accountsFile:    accountsKey,
		tokensFile:      fmt.Appendf(nil, "%s,administrator,administrator,system:masters\n", a.token),
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return access{}, err
		}
	}
	return a, a.writeKubeconfig()
}

// Config returns the configuration of clients in this process.
func (a access) Config() *rest.Config {
	return &rest.Config{
		Host:            a.server,
		BearerToken:     a.token,
		TLSClientConfig: rest.TLSClientConfig{CAData: a.authority},
		QPS:             -1, // no limit
	}
}

func (a access) writeKubeconfig() error {
	const name = "gatehouse-local"
	config := api.NewConfig()
	config.Clusters[name] = &api.Cluster{Server: a.server, CertificateAuthorityData: a.authority}
	config.AuthInfos[name] = &api.AuthInfo{Token: a.token}
	config.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	return clientcmd.WriteToFile(*config, kubeconfigFile) // mode 0600
}
