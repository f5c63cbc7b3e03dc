// Package namespace declares the stack's Kubernetes namespace, and names and labels the
// stack's objects in it. Packages certificate and workload declare those.
package namespace

import (
	"fmt"
	"maps"
	"regexp"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
)

// Args configures a [Namespace].
type Args struct {
	Deployment deployment.Deployment
	Settings   config.Kubernetes
}

// Namespace is the namespace that the stack's objects are in: its own or an existing one.
type Namespace struct {
	pulumi.ResourceState

	// Name is known once the namespace exists.
	Name pulumi.StringOutput

	name string // prefix of the objects' names
	wait bool   // whether Pulumi waits for objects to become ready
}

// namePattern leaves room for the suffix of an object's name: a label's value has at
// most 63 characters.
var namePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$`)

// New declares the namespace, unless the settings name an existing one.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Namespace, error) {
	s := args.Settings
	n := &Namespace{Name: pulumi.String(s.Namespace).ToStringOutput(), name: args.Deployment.Name, wait: s.Wait}
	if !namePattern.MatchString(n.name) {
		return nil, fmt.Errorf("stack %q: %q is the prefix of the names of Kubernetes objects; allowed: at most 40 lower-case letters, digits and hyphens, so choose another stack name",
			ctx.Stack(), n.name)
	}
	if err := ctx.RegisterComponentResource("gatehouse:cluster:Cluster", name, n, opts...); err != nil {
		return nil, err
	}
	if s.CreateNamespace {
		labels := n.Labels("namespace")
		maps.Copy(labels, namespaceLabels)
		namespace, err := corev1.NewNamespace(ctx, name+"-namespace", &corev1.NamespaceArgs{
			Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(s.Namespace), Labels: labels},
		}, pulumi.Parent(n))
		if err != nil {
			return nil, err
		}
		n.Name = namespace.Metadata.Name().Elem()
	}
	return n, ctx.RegisterResourceOutputs(n, pulumi.Map{"namespace": n.Name})
}

// namespaceLabels have Kubernetes reject privileged pods, and the AWS Load Balancer
// Controller keep pods unready until they are healthy targets.
var namespaceLabels = pulumi.StringMap{
	"pod-security.kubernetes.io/enforce":      pulumi.String("restricted"),
	"elbv2.k8s.aws/pod-readiness-gate-inject": pulumi.String("enabled"),
}

// ObjectName returns the name of an object: that of the stack, and what it is.
func (n *Namespace) ObjectName(what string) string { return n.name + "-" + what }

// Metadata returns the metadata of the object called what, which belongs to component.
func (n *Namespace) Metadata(what, component string, annotations pulumi.StringMap) *metav1.ObjectMetaArgs {
	metadata := &metav1.ObjectMetaArgs{
		Name:      pulumi.String(n.ObjectName(what)),
		Namespace: n.Name,
		Labels:    n.Labels(component),
	}
	if len(annotations) > 0 {
		metadata.Annotations = annotations
	}
	return metadata
}

// Selector returns the labels of all pods of a component. They never change, since
// Kubernetes can't change a Deployment's selector.
func (n *Namespace) Selector(component string) pulumi.StringMap {
	return pulumi.StringMap{
		"app.kubernetes.io/instance":  pulumi.String(n.name),
		"app.kubernetes.io/component": pulumi.String(component),
	}
}

// Labels returns the labels of all the stack's objects of a component.
func (n *Namespace) Labels(component string) pulumi.StringMap {
	labels := n.Selector(component)
	labels["app.kubernetes.io/part-of"] = pulumi.String("gatehouse")
	labels["app.kubernetes.io/managed-by"] = pulumi.String("pulumi")
	return labels
}

// Waiting returns annotations for an object that Pulumi waits for as the annotations in
// wait describe, or for none if the settings disable waiting.
func (n *Namespace) Waiting(wait pulumi.StringMap) pulumi.StringMap {
	if n.wait {
		return wait
	}
	return pulumi.StringMap{"pulumi.com/skipAwait": pulumi.String("true")}
}
