// Package workload declares the model server in Kubernetes, which serves TLS with the
// certificate of package certificate. The private route of package inference leads to it.
package workload

import (
	"time"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/inference"
	"github.com/gatehouse-iac/gatehouse/internal/namespace"
)

const (
	// component is the component label of all objects, and part of their names.
	component = "inference"

	// portName is the name of the port of the pods and the service.
	portName = "https"
)

// Args configures a [Workload].
type Args struct {
	Settings  config.Workload
	Inference config.Inference // port and health path
	Namespace *namespace.Namespace

	SecretName pulumi.StringInput // of type kubernetes.io/tls

	// SerialNumber is the certificate's: a change of it replaces the pods. It is nil if
	// cert-manager issues the certificate; the server must reload its files then.
	SerialNumber pulumi.StringInput

	// TargetGroupARN is the target group to register the pods in; nil for none.
	TargetGroupARN pulumi.StringInput
}

// Workload is the server: a deployment with its service, target group binding and
// disruption budget.
type Workload struct {
	pulumi.ResourceState

	ServiceName pulumi.StringOutput
}

// New declares the server.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Workload, error) {
	w := &Workload{}
	if err := ctx.RegisterComponentResource("gatehouse:workload:Workload", name, w, opts...); err != nil {
		return nil, err
	}
	service, err := w.newService(ctx, name, args)
	if err != nil {
		return nil, err
	}
	w.ServiceName = service.Metadata.Name().Elem()
	ready := []pulumi.Resource{service}
	if args.TargetGroupARN != nil {
		binding, err := w.newTargetGroupBinding(ctx, name, args)
		if err != nil {
			return nil, err
		}
		ready = append(ready, binding)
	}
	if err := w.newPods(ctx, name, args, ready); err != nil {
		return nil, err
	}
	return w, ctx.RegisterResourceOutputs(w, pulumi.Map{"serviceName": w.ServiceName})
}

// newService declares the pods' service.
func (w *Workload) newService(ctx *pulumi.Context, name string, args *Args) (*corev1.Service, error) {
	return corev1.NewService(ctx, name+"-service", &corev1.ServiceArgs{
		// The pods are declared later, so Pulumi must not wait for endpoints.
		Metadata: args.Namespace.Metadata(component, component, pulumi.StringMap{"pulumi.com/skipAwait": pulumi.String("true")}),
		Spec: &corev1.ServiceSpecArgs{
			Type:     pulumi.String("ClusterIP"),
			Selector: args.Namespace.Selector(component),
			Ports: corev1.ServicePortArray{&corev1.ServicePortArgs{
				Name:       pulumi.String(portName),
				Protocol:   pulumi.String("TCP"),
				Port:       pulumi.Int(443),
				TargetPort: pulumi.String(portName),
			}},
		},
	}, pulumi.Parent(w))
}

// newTargetGroupBinding has the AWS Load Balancer Controller register the pods. It is
// created before them, so that each pod stays unready until it is a healthy target.
//
// The controller rejects a change of a binding's target group, so that the binding is
// replaced. The old one must be deleted first: while both exist, new pods wait for both,
// and in a target group without a listener no target ever becomes healthy.
func (w *Workload) newTargetGroupBinding(ctx *pulumi.Context, name string, args *Args) (pulumi.Resource, error) {
	return apiextensions.NewCustomResource(ctx, name+"-binding", &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String("elbv2.k8s.aws/v1beta1"),
		Kind:       pulumi.String("TargetGroupBinding"),
		Metadata:   args.Namespace.Metadata(component, component, nil),
		OtherFields: kubernetes.UntypedArgs{"spec": pulumi.Map{
			"targetGroupARN": args.TargetGroupARN,
			"targetType":     pulumi.String("ip"),
			"serviceRef":     pulumi.Map{"name": w.ServiceName, "port": pulumi.String(portName)},
		}},
	}, pulumi.Parent(w), pulumi.DeleteBeforeReplace(true), pulumi.ReplaceOnChanges([]string{"spec.targetGroupARN", "spec.targetType"}))
}

// newPods declares the deployment and its disruption budget.
func (w *Workload) newPods(ctx *pulumi.Context, name string, args *Args, ready []pulumi.Resource) error {
	selector := &metav1.LabelSelectorArgs{MatchLabels: args.Namespace.Selector(component)}
	_, err := appsv1.NewDeployment(ctx, name+"-deployment", &appsv1.DeploymentArgs{
		Metadata: args.Namespace.Metadata(component, component, args.Namespace.Waiting(nil)),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(args.Settings.Replicas),
			Selector: selector,
			Strategy: &appsv1.DeploymentStrategyArgs{
				Type: pulumi.String("RollingUpdate"),
				// A pod is stopped only once its replacement is ready.
				RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{MaxUnavailable: pulumi.Int(0), MaxSurge: pulumi.Int(1)},
			},
			RevisionHistoryLimit: pulumi.Int(3),
			Template:             args.template(),
		},
	}, pulumi.Parent(w), pulumi.DependsOn(ready), pulumi.Timeouts(&pulumi.CustomTimeouts{
		Create: rollout(args.Settings.Replicas).String(), Update: rollout(args.Settings.Replicas).String(),
	}))
	if err != nil {
		return err
	}
	_, err = policyv1.NewPodDisruptionBudget(ctx, name+"-disruption-budget", &policyv1.PodDisruptionBudgetArgs{
		Metadata: args.Namespace.Metadata(component, component, nil),
		Spec:     &policyv1.PodDisruptionBudgetSpecArgs{MaxUnavailable: pulumi.Int(1), Selector: selector},
	}, pulumi.Parent(w))
	return err
}

// rolloutSlack allows for nodes to start and images to be pulled.
const rolloutSlack = 10 * time.Minute

// rollout returns Pulumi's timeout for a number of pods. They are replaced one by one: a
// new pod may take its whole startup time and the time to become a healthy target, and
// the old one its whole grace period.
func rollout(replicas int) time.Duration {
	each := startup.time() + inference.TargetDelay + grace*time.Second
	return time.Duration(replicas)*each + rolloutSlack
}
