// Package kubernetes implements a provider for all kinds of Kubernetes objects under
// the types of pulumi-kubernetes, over Kubernetes' own API. It behaves as the official
// one; README.md lists the differences.
package kubernetes

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/change"
)

// Provider serves the objects.
type Provider struct {
	plugin.UnimplementedProvider

	config  config
	cluster *cluster

	backoff wait.Backoff // for a kind or namespace that is being created
}

// New returns a provider that must be configured.
func New() *Provider {
	return &Provider{backoff: wait.Backoff{Duration: time.Second, Factor: 2, Steps: 5}}
}

// CheckConfig checks the provider's configuration.
func (p *Provider) CheckConfig(_ context.Context, r plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	config, problems := readConfig(r.News)
	if !r.News.ContainsUnknowns() && len(problems) == 0 {
		if _, err := connect(config); err != nil {
			problems = append(problems, err.Error())
		}
	}
	return plugin.CheckConfigResponse{Properties: r.News, Failures: failures(problems)}, nil
}

// DiffConfig reports whether the configuration has another cluster.
func (p *Provider) DiffConfig(_ context.Context, r plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return diffConfig(r.OldInputs, r.NewInputs)
}

// Configure sets the configuration. The first request to the cluster is made when
// one is needed.
func (p *Provider) Configure(_ context.Context, r plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	config, problems := readConfig(r.Inputs)
	if len(problems) > 0 {
		return plugin.ConfigureResponse{}, errors.New(strings.Join(problems, "\n"))
	}
	var err error
	p.config = config
	p.cluster, err = connect(config)
	return plugin.ConfigureResponse{}, err
}

// Check checks an object and adds a missing name or namespace.
func (p *Provider) Check(_ context.Context, r plugin.CheckRequest) (plugin.CheckResponse, error) {
	object, err := p.object(r.URN, r.News)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	var problems []string
	if problem := named(object, r); problem != "" {
		problems = append(problems, problem)
	}
	namespaced, err := p.cluster.isNamespaced(object.GroupVersionKind())
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	if metadata(object)["namespace"] == nil && namespaced {
		metadata(object)["namespace"] = p.cluster.namespace
	}
	normalize(object)
	if problem := tlsProblem(object); problem != "" {
		problems = append(problems, problem)
	}
	return plugin.CheckResponse{Properties: toProperties(object.Object, r.News), Failures: failures(problems)}, nil
}

// failures converts the problems of a check. They name their property themselves:
// the engine would show its value too, and it may be a secret.
func failures(problems []string) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	for _, problem := range problems {
		failures = append(failures, plugin.CheckFailure{Reason: problem})
	}
	return failures
}

// object converts properties to an object of the type's kind.
func (p *Provider) object(urn resource.URN, properties resource.PropertyMap) (*unstructured.Unstructured, error) {
	kind, err := kindOf(urn.Type())
	if err != nil {
		return nil, err
	}
	object := toObject(properties)
	object.SetGroupVersionKind(kind)
	return object, nil
}

// Diff compares an object with new inputs. Only fields that the old inputs had are
// compared.
func (p *Provider) Diff(_ context.Context, r plugin.DiffRequest) (plugin.DiffResponse, error) {
	wanted, err := p.object(r.URN, r.NewInputs)
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	live, shape := toObject(r.OldOutputs), toObject(r.OldInputs)
	normalize(wanted)
	normalize(shape)
	now := &unstructured.Unstructured{}
	now.Object, _ = pruned(live.Object, shape.Object).(map[string]any)
	now.SetGroupVersionKind(live.GroupVersionKind())

	namespaced, err := p.cluster.isNamespaced(wanted.GroupVersionKind())
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	for _, object := range []*unstructured.Unstructured{now, wanted} {
		if !namespaced {
			delete(metadata(object), "namespace")
		} else if metadata(object)["namespace"] == nil {
			metadata(object)["namespace"] = p.cluster.namespace
		}
	}
	sameName := annotation(wanted, autonamed) != "true" &&
		wanted.GetName() == live.GetName() && wanted.GetNamespace() == live.GetNamespace()
	return change.Result(changes(now, wanted, p.config.mutable), r.IgnoreChanges, sameName)
}
