package kubernetes

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// Limits for requests, as upstream's.
const (
	requestsPerSecond = 50
	burst             = 120
)

// cluster is an API server and the kinds that it serves.
type cluster struct {
	address   string
	namespace string // of objects without one
	objects   dynamic.Interface
	kinds     *restmapper.DeferredDiscoveryRESTMapper
}

// connect prepares requests, and makes none.
func connect(c config) (*cluster, error) {
	loaded, err := c.load()
	if err != nil {
		return nil, err
	}
	settings, err := loaded.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("configured Kubernetes cluster is unreachable: unable to load Kubernetes client configuration from kubeconfig file. Make sure you have: \n\n"+
			" \t • set up the provider as per https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/ \n\n %w", err)
	}
	namespace, _, err := loaded.Namespace()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	settings.QPS, settings.Burst = requestsPerSecond, burst
	settings.WarningHandler = rest.NoWarnings{}
	objects, err := dynamic.NewForConfig(settings)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	served, err := discovery.NewDiscoveryClientForConfig(settings)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	kinds := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(served))
	return &cluster{address: settings.Host, namespace: namespace, objects: objects, kinds: kinds}, nil
}

// mapping returns the resource of a kind. A kind may have been added since the
// last discovery.
func (c *cluster) mapping(kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	found, err := c.kinds.RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		c.kinds.Reset()
		found, err = c.kinds.RESTMapping(kind.GroupKind(), kind.Version)
	}
	return found, err
}

// isNamespaced reports whether objects of the kind are in namespaces. It assumes
// so where the server can't be reached, or doesn't have the kind yet.
func (c *cluster) isNamespaced(kind schema.GroupVersionKind) (bool, error) {
	found, err := c.mapping(kind)
	if meta.IsNoMatchError(err) || isUnreachable(err) {
		return true, nil
	}
	if err != nil {
		return false, c.explain(err, kind)
	}
	return found.Scope.Name() == meta.RESTScopeNameNamespace, nil
}

// resource returns the client for the object's kind and namespace.
func (c *cluster) resource(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	found, err := c.mapping(object.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	objects := c.objects.Resource(found.Resource)
	if found.Scope.Name() != meta.RESTScopeNameNamespace {
		object.SetNamespace("")
		return objects, nil
	}
	if object.GetNamespace() == "" {
		object.SetNamespace(c.namespace)
	}
	return objects.Namespace(object.GetNamespace()), nil
}

func isUnreachable(err error) bool {
	_, ok := errors.AsType[*url.Error](err)
	return ok
}

// unreachable begins the official provider's error about a cluster that it can't use. That
// one reads the API's schema, with GET, before anything else.
const unreachable = "configured Kubernetes cluster is unreachable: unable to load schema information from the API server: "

// explain adds to an error of the server what it means and how to fix it. Of a cluster that
// can't be used it says what the official provider does.
func (c *cluster) explain(err error, kind schema.GroupVersionKind) error {
	switch {
	case err == nil:
		return nil
	case meta.IsNoMatchError(err):
		return fmt.Errorf("the cluster at %s has no kind %s: its CustomResourceDefinition must be installed first", c.address, describe(kind))
	case isUnreachable(err):
		failure, _ := errors.AsType[*url.Error](err)
		return fmt.Errorf("%sGet %q: %w", unreachable, failure.URL, failure.Err)
	case apierrors.IsUnauthorized(err):
		return errors.New(unreachable + "the server has asked for the client to provide credentials")
	case apierrors.IsForbidden(err):
		return fmt.Errorf("%w; the kubeconfig's user requires this permission", err)
	case apierrors.IsConflict(err):
		return fmt.Errorf("%w; another field manager has set these fields since: the annotation %s: \"true\", or enablePatchForce of the provider, takes them back", err, patchForce)
	case apierrors.IsNotFound(err):
		return fmt.Errorf("%w; it does not exist yet, or was deleted since: run `pulumi refresh`", err)
	case apierrors.IsAlreadyExists(err):
		return fmt.Errorf("%w, and this stack did not create it; delete it, choose another name, or use `pulumi import`", err)
	case apierrors.IsInvalid(err) && (strings.Contains(err.Error(), "immutable") || strings.Contains(err.Error(), "may not change")):
		return fmt.Errorf("%w; the resource option ReplaceOnChanges replaces the object instead", err)
	}
	return err
}
