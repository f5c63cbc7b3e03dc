// Package workload is the server in the cluster that shows the certificate: it is
// what the private path leads to.
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
	// component is the label of all objects here, and what they are called.
	component = "inference"

	// portName is the port's, in the pods and in the service.
	portName = "https"
)

// Args configures a [Workload].
type Args struct {
	Settings  config.Workload
	Inference config.Inference // port and health path
	Namespace *namespace.Namespace

	SecretName pulumi.StringInput // of type kubernetes.io/tls

	// SerialNumber is the certificate's: pods start anew with another one. It is nil
	// when nobody knows; the server has to look at its files itself then.
	SerialNumber pulumi.StringInput

	// TargetGroupARN is nil without a load balancer that the pods are targets of.
	TargetGroupARN pulumi.StringInput
}

// Workload is the server.
type Workload struct {
	pulumi.ResourceState

	ServiceName pulumi.StringOutput
}

// New declares the server: pods, what may stop them, and the ways to them.
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

// newService gives the pods one name in the cluster.
func (w *Workload) newService(ctx *pulumi.Context, name string, args *Args) (*corev1.Service, error) {
	return corev1.NewService(ctx, name+"-service", &corev1.ServiceArgs{
		// Pods follow later: there is nothing to wait for.
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
// there before them: each pod then waits, unready, until it is a healthy target.
//
// The controller refuses another target group for a binding, so that another binding
// takes its place. The old one has to be gone first: while both are there, new pods
// wait for both, and in a target group that no listener leads to any more, none ever
// becomes healthy.
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

// newPods makes the pods, and says how many of them may be stopped at once.
func (w *Workload) newPods(ctx *pulumi.Context, name string, args *Args, ready []pulumi.Resource) error {
	selector := &metav1.LabelSelectorArgs{MatchLabels: args.Namespace.Selector(component)}
	_, err := appsv1.NewDeployment(ctx, name+"-deployment", &appsv1.DeploymentArgs{
		Metadata: args.Namespace.Metadata(component, component, args.Namespace.Waiting(nil)),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(args.Settings.Replicas),
			Selector: selector,
			Strategy: &appsv1.DeploymentStrategyArgs{
				Type: pulumi.String("RollingUpdate"),
				// None goes before another one is ready.
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

// rolloutSlack is for nodes that come up and images that are pulled.
const rolloutSlack = 10 * time.Minute

// rollout is how long Pulumi waits for so many pods. They are replaced one after the
// other, each only when the one before is ready: it may take all of its time to start
// and to become a healthy target, and the one that goes all of its time to end.
func rollout(replicas int) time.Duration {
	each := startup.time() + inference.TargetDelay + grace*time.Second
	return time.Duration(replicas)*each + rolloutSlack
}
