// Package cluster is the stack's place in a Kubernetes cluster: its namespace, and
// how its objects there are named and labelled.
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

// Cluster is the stack's place in a cluster.
type Namespace struct {
	pulumi.ResourceState

	// Namespace is there once it is known.
	Name pulumi.StringOutput

	name string // starts the objects' names
	wait bool
}

// namePattern leaves room for what follows the name: labels end at 63 characters.
var namePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$`)

// New declares the namespace, unless the settings name an existing one.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Namespace, error) {
	s := args.Settings
	n := &Namespace{Name: pulumi.String(s.Namespace).ToStringOutput(), name: args.Deployment.Name, wait: s.Wait}
	if !namePattern.MatchString(n.name) {
		return nil, fmt.Errorf("stack %q: %q starts the names of Kubernetes objects; allowed: at most 40 lower-case letters, digits and hyphens, so choose another stack name",
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

// namespaceLabels let nothing into the namespace that asks for privileges, and have
// the AWS Load Balancer Controller keep pods unready until they are targets.
var namespaceLabels = pulumi.StringMap{
	"pod-security.kubernetes.io/enforce":      pulumi.String("restricted"),
	"elbv2.k8s.aws/pod-readiness-gate-inject": pulumi.String("enabled"),
}

// Name is the name of the stack's object that is called what.
func (n *Namespace) ObjectName(what string) string { return n.name + "-" + what }

// Metadata is that of the stack's object that is called what, as a part of
// component.
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

// Selector are the labels that all of a component's pods have, for good.
func (n *Namespace) Selector(component string) pulumi.StringMap {
	return pulumi.StringMap{
		"app.kubernetes.io/instance":  pulumi.String(n.name),
		"app.kubernetes.io/component": pulumi.String(component),
	}
}

// Labels are those of all the stack's objects of a component.
func (n *Namespace) Labels(component string) pulumi.StringMap {
	labels := n.Selector(component)
	labels["app.kubernetes.io/part-of"] = pulumi.String("gatehouse")
	labels["app.kubernetes.io/managed-by"] = pulumi.String("pulumi")
	return labels
}

// Waiting are annotations for an object that Pulumi waits for in the way that wait
// says, unless the settings say that nothing is waited for.
func (n *Namespace) Waiting(wait pulumi.StringMap) pulumi.StringMap {
	if n.wait {
		return wait
	}
	return pulumi.StringMap{"pulumi.com/skipAwait": pulumi.String("true")}
}
