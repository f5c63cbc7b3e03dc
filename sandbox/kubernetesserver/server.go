// Package kubernetesserver starts, finds and calls the sandbox's Kubernetes API server.
package kubernetesserver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/daemon"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

// Name is the name of the server's log and record.
const Name = "kubernetes"

// Version is the version of Kubernetes in sandbox/servers/kubernetes/go.mod, which the
// server reports to its clients.
const Version = "v1.36.3"

// Program builds the server: Kubernetes' own API server, and etcd, in a program of our
// own.
var Program = build.Program{Name: "kubernetes-server", Module: "sandbox/servers/kubernetes", Package: ".", LDFlags: "-s -w" + versionFlags()}

func versionFlags() string {
	parts := strings.Split(strings.TrimPrefix(Version, "v"), ".")
	const variable = " -X k8s.io/component-base/version."
	return variable + "gitVersion=" + Version + variable + "gitMajor=" + parts[0] + variable + "gitMinor=" + parts[1]
}

// Server is a running API server.
type Server struct {
	Kubeconfig string // path of the administrator's kubeconfig
	Instance   string // see [daemon.Running.Instance]
	Access     Access
}

// Access has what a kubeconfig has: the server's address, its certificate authority, and
// the user's token.
type Access struct {
	Server    string // URL
	Authority []byte // PEM
	Token     string
}

func folder(l checkout.Layout) string { return l.Run("kubernetes") }

// Kubeconfig returns the path of the administrator's kubeconfig, which is there while the
// server runs.
func Kubeconfig(l checkout.Layout) string { return filepath.Join(folder(l), "kubeconfig") }

// Find returns the server that runs for this checkout.
func Find(l checkout.Layout) (Server, bool) {
	running, found := daemon.Find(l, Name)
	if !found {
		return Server{}, false
	}
	s, err := serverOf(l, running)
	return s, err == nil
}

func serverOf(l checkout.Layout, running daemon.Running) (Server, error) {
	access, err := readKubeconfig(Kubeconfig(l))
	return Server{Kubeconfig: Kubeconfig(l), Instance: running.Instance(), Access: access}, err
}

// Ensure returns the running server, or starts one if none runs or it runs from
// another build or on another port. Its program must have been built.
func Ensure(ctx context.Context, l checkout.Layout, port int) (s Server, started bool, err error) {
	source, err := os.ReadFile(l.Stamp(Program.Name))
	if err != nil {
		return Server{}, false, err
	}
	running, started, err := daemon.Ensure(ctx, l, daemon.Daemon{
		Name: Name, Source: string(source), Ports: []int{port}, Files: []string{folder(l)},
		Args: []string{l.Bin(Program.Name), "-port", strconv.Itoa(port), "-dir", folder(l)},
		Ready: func(ctx context.Context) error {
			access, err := readKubeconfig(Kubeconfig(l))
			if err != nil {
				return err
			}
			return access.Client().Do(ctx, http.MethodGet, "/readyz", nil, nil)
		},
	})
	if err != nil {
		return Server{}, false, err
	}
	s, err = serverOf(l, running)
	return s, started, err
}

// readKubeconfig reads a kubeconfig that has a single cluster and user.
func readKubeconfig(path string) (Access, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Access{}, err
	}
	var config struct {
		Clusters []struct {
			Cluster struct {
				Server    string
				Authority string `yaml:"certificate-authority-data"`
			}
		}
		Users []struct{ User struct{ Token string } }
	}
	if err := yaml.Unmarshal(content, &config); err != nil {
		return Access{}, fmt.Errorf("%s: %w", path, err)
	}
	if len(config.Clusters) != 1 || len(config.Users) != 1 {
		return Access{}, errors.New(path + " has not one cluster and one user")
	}
	cluster := config.Clusters[0].Cluster
	authority, err := base64.StdEncoding.DecodeString(cluster.Authority)
	if err != nil {
		return Access{}, fmt.Errorf("%s: certificate-authority-data: %w", path, err)
	}
	return Access{cluster.Server, authority, config.Users[0].User.Token}, nil
}

// Client returns a client of this user.
func (a Access) Client() restclient.Client {
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(a.Authority)
	c := restclient.Client{
		Base: a.Server, Header: http.Header{}, Problem: problem,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, DisableKeepAlives: true},
	}
	return c.With("Authorization", "Bearer "+a.Token)
}

// As returns the same access with another token.
func (a Access) As(token string) Access {
	a.Token = token
	return a
}

func problem(body []byte) string {
	var status struct{ Message string }
	if json.Unmarshal(body, &status) != nil {
		return ""
	}
	return status.Message
}
