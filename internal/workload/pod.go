package workload

import (
	"time"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// user is nobody's: the number that images without root commonly use.
	user = 65532

	// folder has the certificate's files.
	folder = "/etc/gatehouse/tls"

	// drain, in seconds, is how long a pod that leaves still gets requests: until the
	// load balancer has let its last ones end, 30 seconds, and everybody knows.
	drain = 35
	// grace, in seconds, is what it has in all.
	grace = 60
)

// template is that of the pods: without privileges, without access to the cluster's
// API, and with nothing to write to but memory.
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
				FsGroup:        pulumi.Int(user), // who may read the key
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
		// A model may take minutes to load; what stops answering later is noticed sooner.
		StartupProbe:   a.probe(startup),
		ReadinessProbe: a.probe(readiness),
		LivenessProbe:  a.probe(liveness),
		Lifecycle: &corev1.LifecycleArgs{
			PreStop: &corev1.LifecycleHandlerArgs{Sleep: &corev1.SleepActionArgs{Seconds: pulumi.Int(drain)}},
		},
	}
}

// probe is how often the kubelet asks, and how many failures in a row it takes.
type probe struct {
	period   time.Duration
	failures int
}

// time is how long it may fail.
func (p probe) time() time.Duration { return time.Duration(p.failures) * p.period }

var (
	startup   = probe{5 * time.Second, 60}
	readiness = probe{5 * time.Second, 2}
	liveness  = probe{10 * time.Second, 6}
)

// probe asks over TLS. The kubelet doesn't check the certificate.
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

// spread puts the pods on different machines and in different zones as far as there
// are any.
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
