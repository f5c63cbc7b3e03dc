package workload

import (
	"time"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// user is the id that images without root commonly use for their user.
	user = 65532

	// folder is where the certificate's files are mounted.
	folder = "/etc/gatehouse/tls"

	// drain is how long, in seconds, a terminating pod still serves requests: the 30
	// seconds of the load balancer's deregistration delay, and some for its propagation.
	drain = 35
	// grace is the pod's termination grace period in seconds, drain included.
	grace = 60
)

// template returns the pods' template: no privileges, no access to the cluster's API, and
// no writable volume but memory.
func (a *Args) template() *corev1.PodTemplateSpecArgs {
	metadata := &metav1.ObjectMetaArgs{Labels: a.Namespace.Labels(component)}
	if a.SerialNumber != nil {
		metadata.Annotations = pulumi.StringMap{"gatehouse/serial-number": a.SerialNumber}
	}
	return &corev1.PodTemplateSpecArgs{
		Metadata: metadata,
		Spec: &corev1.PodSpecArgs{
			AutomountServiceAccountToken:  pulumi.Bool(false),
			EnableServiceLinks:            pulumi.Bool(false),
			TerminationGracePeriodSeconds: pulumi.Int(grace),
			SecurityContext: &corev1.PodSecurityContextArgs{
				RunAsNonRoot:   pulumi.Bool(true),
				RunAsUser:      pulumi.Int(user),
				RunAsGroup:     pulumi.Int(user),
				FsGroup:        pulumi.Int(user), // may read the private key
				SeccompProfile: &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
			},
			TopologySpreadConstraints: a.spread(),
			Containers:                corev1.ContainerArray{a.container()},
			Volumes: corev1.VolumeArray{
				&corev1.VolumeArgs{
					Name: pulumi.String("tls"),
					Secret: &corev1.SecretVolumeSourceArgs{
						SecretName:  a.SecretName.ToStringOutput().ToStringPtrOutput(),
						DefaultMode: pulumi.Int(0o440),
					},
				},
				&corev1.VolumeArgs{
					Name:     pulumi.String("tmp"),
					EmptyDir: &corev1.EmptyDirVolumeSourceArgs{Medium: pulumi.String("Memory"), SizeLimit: pulumi.String("64Mi")},
				},
			},
		},
	}
}

func (a *Args) container() *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:  pulumi.String(component),
		Image: pulumi.String(a.Settings.Image),
		Ports: corev1.ContainerPortArray{&corev1.ContainerPortArgs{
			Name:          pulumi.String(portName),
			Protocol:      pulumi.String("TCP"),
			ContainerPort: pulumi.Int(a.Inference.Port),
		}},
		Env: corev1.EnvVarArray{
			&corev1.EnvVarArgs{Name: pulumi.String("PORT"), Value: pulumi.Sprintf("%d", a.Inference.Port)},
			&corev1.EnvVarArgs{Name: pulumi.String("TLS_CERT_FILE"), Value: pulumi.String(folder + "/tls.crt")},
			&corev1.EnvVarArgs{Name: pulumi.String("TLS_KEY_FILE"), Value: pulumi.String(folder + "/tls.key")},
		},
		VolumeMounts: corev1.VolumeMountArray{
			&corev1.VolumeMountArgs{Name: pulumi.String("tls"), MountPath: pulumi.String(folder), ReadOnly: pulumi.Bool(true)},
			&corev1.VolumeMountArgs{Name: pulumi.String("tmp"), MountPath: pulumi.String("/tmp")},
		},
		Resources: &corev1.ResourceRequirementsArgs{
			Requests: pulumi.StringMap{"cpu": pulumi.String(a.Settings.CPU), "memory": pulumi.String(a.Settings.Memory)},
			Limits:   pulumi.StringMap{"memory": pulumi.String(a.Settings.Memory)},
		},
		SecurityContext: &corev1.SecurityContextArgs{
			AllowPrivilegeEscalation: pulumi.Bool(false),
			ReadOnlyRootFilesystem:   pulumi.Bool(true),
			Capabilities:             &corev1.CapabilitiesArgs{Drop: pulumi.StringArray{pulumi.String("ALL")}},
		},
		// A model may take minutes to load; a later failure is detected sooner.
		StartupProbe:   a.probe(startup),
		ReadinessProbe: a.probe(readiness),
		LivenessProbe:  a.probe(liveness),
		Lifecycle: &corev1.LifecycleArgs{
			PreStop: &corev1.LifecycleHandlerArgs{Sleep: &corev1.SleepActionArgs{Seconds: pulumi.Int(drain)}},
		},
	}
}

// probe holds a probe's period and failure threshold.
type probe struct {
	period   time.Duration
	failures int
}

// time returns how long the probe may fail before the kubelet acts on it.
func (p probe) time() time.Duration { return time.Duration(p.failures) * p.period }

var (
	startup   = probe{5 * time.Second, 60}
	readiness = probe{5 * time.Second, 2}
	liveness  = probe{10 * time.Second, 6}
)

// probe returns an HTTPS probe of the health path. The kubelet doesn't check the
// certificate.
func (a *Args) probe(p probe) *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		HttpGet: &corev1.HTTPGetActionArgs{
			Scheme: pulumi.String("HTTPS"),
			Port:   pulumi.String(portName),
			Path:   pulumi.String(a.Inference.HealthPath),
		},
		PeriodSeconds:    pulumi.Int(int(p.period.Seconds())),
		TimeoutSeconds:   pulumi.Int(3),
		FailureThreshold: pulumi.Int(p.failures),
	}
}

// spread distributes the pods over zones and nodes as far as possible.
func (a *Args) spread() corev1.TopologySpreadConstraintArray {
	var all corev1.TopologySpreadConstraintArray
	for _, key := range []string{"topology.kubernetes.io/zone", "kubernetes.io/hostname"} {
		all = append(all, &corev1.TopologySpreadConstraintArgs{
			TopologyKey:       pulumi.String(key),
			MaxSkew:           pulumi.Int(1),
			WhenUnsatisfiable: pulumi.String("ScheduleAnyway"),
			LabelSelector:     &metav1.LabelSelectorArgs{MatchLabels: a.Namespace.Selector(component)},
		})
	}
	return all
}
