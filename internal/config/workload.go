package config

import "regexp"

// Workload describes the server in the cluster that serves TLS with the certificate. It
// listens on the port of [Inference], and is healthy when it responds on its health path.
type Workload struct {
	Enabled     bool
	Image       string // with a tag or a digest
	Replicas    int
	CPU         string // as Kubernetes writes it: requested of each pod
	Memory      string // requested of each pod, and its limit
	TargetGroup bool   // whether the pods are targets of the private model's load balancer
}

var (
	// imagePattern has the registry and repository, the tag and the digest.
	imagePattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*(?::[0-9]+/)?(?:[a-z0-9._/-]*[a-z0-9])?(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@sha256:[0-9a-f]{64})?$`)
	cpuPattern    = regexp.MustCompile(`^[1-9][0-9]*m?$`)
	memoryPattern = regexp.MustCompile(`^[1-9][0-9]*(Ki|Mi|Gi)$`)
)

// unprivilegedPort is the first port that a process without privileges may listen on.
const unprivilegedPort = 1024

var (
	workloadEnabled = setting[bool]{
		key: "workloadEnabled", basic: true,
		requires: []requirement{
			vaultAddress.toBeSet().because("the workload serves TLS with a certificate"),
			certificateEnabled.toBe(true).because("the workload serves TLS with a certificate"),
		},
		description: "Whether the stack runs a server with the certificate in the cluster, on inferencePort, with a health check on inferenceHealthPath. workloadImage must be set with it.",
	}
	workloadImage = setting[string]{
		key: "workloadImage", basic: true,
		allowed:     orEmpty(satisfying(isPinned, "an image with its digest or a tag that isn't latest, such as registry.example.com/gateway:1.4.2")),
		description: "Image of the server that workloadEnabled runs; the stack brings none.",
	}
	workloadReplicas = setting[int]{
		key: "workloadReplicas", byDefault: 2, allowed: between(1, 50),
		description: "Number of pods.",
	}
	workloadCpu = setting[string]{
		key: "workloadCpu", byDefault: "100m", allowed: matching(cpuPattern, "processors such as 2 or 100m"),
		description: "Processors that each pod requests.",
	}
	workloadMemory = setting[string]{
		key: "workloadMemory", byDefault: "256Mi", allowed: matching(memoryPattern, "memory such as 256Mi or 2Gi"),
		description: "Memory that each pod requests, and its limit.",
	}
	workloadTargetGroup = setting[bool]{
		key: "workloadTargetGroup",
		requires: []requirement{
			workloadEnabled.toBe(true).because("there are no pods"),
			networkEnabled.toBe(true).because("there is no load balancer"),
		},
		description: "Whether the pods are the targets of the private model's load balancer, registered by the AWS Load Balancer Controller. inferenceProtocol must be HTTPS, since the pods speak TLS.",
	}
)

func readWorkload(r *reader) Workload {
	return Workload{
		Enabled:     workloadEnabled.read(r),
		Image:       workloadImage.read(r),
		Replicas:    workloadReplicas.read(r),
		CPU:         workloadCpu.read(r),
		Memory:      workloadMemory.read(r),
		TargetGroup: workloadTargetGroup.read(r),
	}
}

// isPinned reports whether an image stays the same until its setting changes.
func isPinned(image string) bool {
	parts := imagePattern.FindStringSubmatch(image)
	if parts == nil {
		return false
	}
	tag, digest := parts[1], parts[2]
	return digest != "" || tag != "" && tag != "latest"
}

func (s Settings) checkWorkload(r *reader) {
	if !s.Workload.Enabled || !s.Certificate.Enabled {
		return
	}
	if s.Workload.Image == "" {
		r.must(workloadImage, "be the image of a server that speaks TLS, since %s is true", workloadEnabled)
	}
	if s.Inference.Port < unprivilegedPort {
		r.must(inferencePort, "be at least %d with %s: the container has no privileges", unprivilegedPort, workloadEnabled)
	}
	if s.Workload.TargetGroup && s.Inference.Protocol != "HTTPS" {
		r.must(inferenceProtocol, "be HTTPS with %s: the pods speak TLS", workloadTargetGroup)
	}
}
