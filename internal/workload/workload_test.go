package workload_test

import (
	"maps"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/namespace"
	"github.com/gatehouse-iac/gatehouse/internal/pulumitest"
	"github.com/gatehouse-iac/gatehouse/internal/workload"
)

const (
	deploymentType = "kubernetes:apps/v1:Deployment"
	serviceType    = "kubernetes:core/v1:Service"
	budgetType     = "kubernetes:policy/v1:PodDisruptionBudget"
	bindingType    = "kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding"

	image = "registry.example.com/gateway:1.4.2"
)

// options are what the composition decides.
type options struct {
	config        map[string]string
	unknownSerial bool
	targetGroup   bool
}

func declare(t testing.TB, ctx *pulumi.Context, o options) (*workload.Workload, error) {
	t.Helper()
	config := map[string]string{
		"vaultAddress":         "https://vault.example.com:8200",
		"certificateNames":     `["inference.example.com"]`,
		"kubernetesKubeconfig": "kubeconfig.yaml",
		"workloadEnabled":      "true",
		"workloadImage":        image,
	}
	maps.Copy(config, o.config)
	s := pulumitest.Configured(t, config)
	ns, err := namespace.New(ctx, "cluster", &namespace.Args{Deployment: pulumitest.Deployment(t), Settings: s.Kubernetes})
	if err != nil {
		return nil, err
	}
	args := &workload.Args{
		Settings:   s.Workload,
		Inference:  s.Inference,
		Namespace:  ns,
		SecretName: pulumi.String("the-secret"),
	}
	if !o.unknownSerial {
		args.SerialNumber = pulumi.String("1a:2b")
	}
	if o.targetGroup {
		args.TargetGroupARN = pulumi.String("arn:target-group")
	}
	return workload.New(ctx, "workload", args)
}

func run(t testing.TB, o options) *pulumitest.Recorder {
	t.Helper()
	return pulumitest.MustRun(t, func(ctx *pulumi.Context) error {
		_, err := declare(t, ctx, o)
		return err
	})
}

// pod is the pods' template, and container their one container.
func pod(t testing.TB, o options) (template, container map[string]any) {
	t.Helper()
	template, ok := run(t, o).Only(t, deploymentType).Input("spec.template").Mappable().(map[string]any)
	require.True(t, ok)
	containers := template["spec"].(map[string]any)["containers"].([]any)
	require.Len(t, containers, 1)
	return template, containers[0].(map[string]any)
}

func TestPodHasNoPrivileges(t *testing.T) {
	template, container := pod(t, options{})
	spec := template["spec"].(map[string]any)
	assert.Equal(t, false, spec["automountServiceAccountToken"])
	assert.Equal(t, false, spec["enableServiceLinks"])
	assert.Equal(t, map[string]any{
		"runAsNonRoot": true, "runAsUser": 65_532.0, "runAsGroup": 65_532.0, "fsGroup": 65_532.0,
		"seccompProfile": map[string]any{"type": "RuntimeDefault"},
	}, spec["securityContext"])
	assert.Equal(t, map[string]any{
		"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": map[string]any{"drop": []any{"ALL"}},
	}, container["securityContext"])
	for _, key := range []string{"hostNetwork", "hostPID", "hostIPC", "serviceAccountName", "initContainers"} {
		assert.NotContains(t, spec, key)
	}
}

func TestContainerMountsTheCertificate(t *testing.T) {
	template, container := pod(t, options{config: map[string]string{"inferencePort": "8443"}})
	assert.Equal(t, []any{
		map[string]any{"name": "tls", "secret": map[string]any{"secretName": "the-secret", "defaultMode": float64(0o440)}},
		map[string]any{"name": "tmp", "emptyDir": map[string]any{"medium": "Memory", "sizeLimit": "64Mi"}},
	}, template["spec"].(map[string]any)["volumes"])
	assert.Equal(t, []any{
		map[string]any{"name": "tls", "mountPath": "/etc/gatehouse/tls", "readOnly": true},
		map[string]any{"name": "tmp", "mountPath": "/tmp"},
	}, container["volumeMounts"])
	assert.Equal(t, []any{
		map[string]any{"name": "PORT", "value": "8443"},
		map[string]any{"name": "TLS_CERT_FILE", "value": "/etc/gatehouse/tls/tls.crt"},
		map[string]any{"name": "TLS_KEY_FILE", "value": "/etc/gatehouse/tls/tls.key"},
	}, container["env"])
	assert.Equal(t, []any{map[string]any{"name": "https", "containerPort": 8443.0, "protocol": "TCP"}}, container["ports"])
	assert.Equal(t, image, container["image"])
}

func TestProbesUseHTTPS(t *testing.T) {
	_, container := pod(t, options{config: map[string]string{"inferenceHealthPath": "/ready"}})
	for _, probe := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
		asked := container[probe].(map[string]any)["httpGet"]
		assert.Equal(t, map[string]any{"scheme": "HTTPS", "port": "https", "path": "/ready"}, asked, probe)
	}
}

func TestResourcesAreLimited(t *testing.T) {
	_, container := pod(t, options{config: map[string]string{"workloadCpu": "2", "workloadMemory": "4Gi"}})
	assert.Equal(t, map[string]any{
		"requests": map[string]any{"cpu": "2", "memory": "4Gi"},
		"limits":   map[string]any{"memory": "4Gi"},
	}, container["resources"])
}

// A pod that leaves goes on serving while the load balancer lets requests end, and
// then has time for its own.
func TestTerminatingPodDrainsRequests(t *testing.T) {
	template, container := pod(t, options{})
	sleep := container["lifecycle"].(map[string]any)["preStop"].(map[string]any)["sleep"].(map[string]any)["seconds"].(float64)
	assert.Greater(t, sleep, 30.0, "what the target group lets requests have")
	assert.Greater(t, template["spec"].(map[string]any)["terminationGracePeriodSeconds"].(float64), sleep+10)
}

func TestPodsAreSpreadOverZonesAndNodes(t *testing.T) {
	template, _ := pod(t, options{})
	var keys []any
	for _, constraint := range template["spec"].(map[string]any)["topologySpreadConstraints"].([]any) {
		keys = append(keys, constraint.(map[string]any)["topologyKey"])
		assert.Equal(t, "ScheduleAnyway", constraint.(map[string]any)["whenUnsatisfiable"])
	}
	assert.Equal(t, []any{"topology.kubernetes.io/zone", "kubernetes.io/hostname"}, keys)
}

func TestPodsAreReplacedWithAnotherCertificate(t *testing.T) {
	template, _ := pod(t, options{})
	assert.Equal(t, map[string]any{"gatehouse/serial-number": "1a:2b"}, template["metadata"].(map[string]any)["annotations"])
	template, _ = pod(t, options{unknownSerial: true})
	assert.NotContains(t, template["metadata"], "annotations", "cert-manager renews without telling")
}

func TestUpdatesAndDisruptionsKeepPodsAvailable(t *testing.T) {
	r := run(t, options{config: map[string]string{"workloadReplicas": "3"}})
	deployment, budget := r.Only(t, deploymentType), r.Only(t, budgetType)
	assert.InDelta(t, 3, deployment.Input("spec.replicas").NumberValue(), 0)
	assert.Equal(t, map[string]any{
		"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxUnavailable": 0.0, "maxSurge": 1.0},
	}, deployment.Input("spec.strategy").Mappable())
	assert.InDelta(t, 1, budget.Input("spec.maxUnavailable").NumberValue(), 0)
}

func TestAllSelectorsMatchThePods(t *testing.T) {
	r := run(t, options{})
	selector := map[string]any{"app.kubernetes.io/instance": "gatehouse-test", "app.kubernetes.io/component": "inference"}
	assert.Equal(t, selector, r.Only(t, deploymentType).Input("spec.selector.matchLabels").Mappable())
	assert.Equal(t, selector, r.Only(t, budgetType).Input("spec.selector.matchLabels").Mappable())
	assert.Equal(t, selector, r.Only(t, serviceType).Input("spec.selector").Mappable())
	labels := r.Only(t, deploymentType).Input("spec.template.metadata.labels").Mappable().(map[string]any)
	for key, value := range selector {
		assert.Equal(t, value, labels[key])
	}
}

func TestServiceTargetsThePodsPort(t *testing.T) {
	service := run(t, options{}).Only(t, serviceType)
	assert.Equal(t, "ClusterIP", service.Text("spec.type"))
	assert.Equal(t, []any{map[string]any{"name": "https", "protocol": "TCP", "port": 443.0, "targetPort": "https"}}, service.Input("spec.ports").Mappable())
}

func TestPodsAreRegisteredInTheTargetGroup(t *testing.T) {
	assert.Empty(t, run(t, options{}).OfType(bindingType))

	r := run(t, options{targetGroup: true})
	assert.Equal(t, map[string]any{
		"targetGroupARN": "arn:target-group",
		"targetType":     "ip",
		"serviceRef":     map[string]any{"name": "gatehouse-test-inference", "port": "https"},
	}, r.Only(t, bindingType).Input("spec").Mappable())
	assert.Subset(t, r.Before(r.Only(t, deploymentType)), []string{"workload-binding", "workload-service"}, "pods wait until they are targets")
}

func TestPulumiWaitsForPodsUnlessDisabled(t *testing.T) {
	deployment := run(t, options{}).Only(t, deploymentType)
	assert.True(t, deployment.Input("metadata.annotations").IsNull())
	deployment = run(t, options{config: map[string]string{"kubernetesWait": "false"}}).Only(t, deploymentType)
	assert.Equal(t, map[string]any{"pulumi.com/skipAwait": "true"}, deployment.Input("metadata.annotations").Mappable())
}

func TestOutputs(t *testing.T) {
	got := pulumitest.Resolve(t, func(ctx *pulumi.Context) (pulumi.Map, error) {
		w, err := declare(t, ctx, options{})
		if err != nil {
			return nil, err
		}
		return pulumi.Map{"serviceName": w.ServiceName}, nil
	})
	assert.Equal(t, map[string]any{"serviceName": "gatehouse-test-inference"}, got)
}
