package certmanager

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/gatehouse-iac/gatehouse/sandbox/build"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/kubernetesserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/process"
)

// certManager is cert-manager's Go module, which has the definitions of its kinds
// among its sources.
const (
	certManager    = "github.com/cert-manager/cert-manager@v1.21.2"
	certManagerSum = "h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68="
)

//go:embed targetgroupbindings.yaml
var targetGroupBindings []byte

// definition is the definition of a kind, as YAML.
type definition struct {
	name    string // "issuers.cert-manager.io"
	content []byte
}

func (d definition) path() string {
	return "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + d.name
}

// definitions returns the definitions of all kinds that the stack can have objects of and
// that the API server does not have by itself.
func definitions(ctx context.Context, l checkout.Layout) ([]definition, error) {
	dir, err := downloadCertManager(ctx, l)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "deploy", "crds", "cert-manager.io_*.yaml"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(err, errors.New("no definitions in "+dir))
	}
	contents := [][]byte{targetGroupBindings}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		contents = append(contents, content)
	}
	var all []definition
	for _, content := range contents {
		var head struct{ Metadata struct{ Name string } }
		if err := yaml.Unmarshal(content, &head); err != nil {
			return nil, err
		}
		all = append(all, definition{head.Metadata.Name, content})
	}
	return all, nil
}

// downloadCertManager returns the folder of the module's sources.
func downloadCertManager(ctx context.Context, l checkout.Layout) (string, error) {
	out, err := process.Output(ctx, filepath.Join(l.Root, "tools"), build.Env(), "go", "mod", "download", "-json", certManager)
	var module struct{ Dir, Sum, Error string }
	if problem := json.Unmarshal([]byte(out), &module); problem != nil || module.Error != "" || err != nil {
		return "", errors.Join(fmt.Errorf("download %s: %s", certManager, module.Error), err)
	}
	if module.Sum != certManagerSum {
		return "", fmt.Errorf("%s has the sum %s, not %s", certManager, module.Sum, certManagerSum)
	}
	return module.Dir, nil
}

// define adds the kinds to the API server and waits until it serves them.
func define(ctx context.Context, k kubernetesserver.Access, all []definition) error {
	for _, d := range all {
		if err := k.Apply(ctx, d.path(), d.content); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	for _, d := range all {
		if err := awaitServed(ctx, k, d); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	return nil
}

// awaitServed lists the objects of the kind until that succeeds: the server
// begins to serve a kind some time after it accepted its definition.
func awaitServed(ctx context.Context, k kubernetesserver.Access, d definition) error {
	var spec struct {
		Spec struct {
			Group    string
			Names    struct{ Plural string }
			Versions []struct {
				Name            string
				Served, Storage bool
			}
		}
	}
	if err := yaml.Unmarshal(d.content, &spec); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, version := range spec.Spec.Versions {
		path := fmt.Sprintf("/apis/%s/%s/%s", spec.Spec.Group, version.Name, spec.Spec.Names.Plural)
		for version.Served {
			err := k.Client().Do(ctx, http.MethodGet, path, nil, nil)
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return err
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	return nil
}

// undefine removes the kinds, and all objects of them.
func undefine(ctx context.Context, k kubernetesserver.Access, all []definition) error {
	var problems []error
	for _, d := range all {
		problems = append(problems, gone(k.Client().Do(ctx, http.MethodDelete, d.path(), nil, nil)))
	}
	return errors.Join(problems...)
}
