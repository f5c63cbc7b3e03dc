package config

import "regexp"

// Workload holds what serves TLS with the certificate in the cluster. It listens on
// the port of [Inference], and is healthy when it answers its health path.
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

// unprivilegedPort is the first that a process without privileges may listen on.
const unprivilegedPort = 1024

func readWorkload(r *reader) Workload {
	return Workload{
		Enabled:     r.boolean("workloadEnabled", false),
		Image:       r.image("workloadImage"),
		Replicas:    r.number("workloadReplicas", 2, 1, 50),
		CPU:         r.pattern("workloadCpu", "100m", cpuPattern, "processors such as 2 or 100m"),
		Memory:      r.pattern("workloadMemory", "256Mi", memoryPattern, "memory such as 256Mi or 2Gi"),
		TargetGroup: r.boolean("workloadTargetGroup", false),
	}
}

// image reads an image that stays the same until its setting changes.
func (r *reader) image(key string) string {
	value := r.text(key, typeString, "")
	if value != "" && !isPinned(value) {
		r.refuse(key, "an image with its digest or a tag that isn't latest, such as registry.example.com/gateway:1.4.2")
	}
	return value
}

func isPinned(image string) bool {
	parts := imagePattern.FindStringSubmatch(image)
	if parts == nil {
		return false
	}
	tag, digest := parts[1], parts[2]
	return digest != "" || tag != "" && tag != "latest"
}

func (s Settings) checkWorkload(r *reader) {
	w := s.Workload
	switch {
	case w.Enabled && !s.Certificate.Enabled:
		r.refuse("workloadEnabled", "false without certificates, which need a vaultAddress: the workload serves TLS")
	case w.Enabled:
		s.checkContainer(r)
	case w.TargetGroup:
		r.refuse("workloadTargetGroup", "false without workloadEnabled: there are no pods")
	}
}

func (s Settings) checkContainer(r *reader) {
	if s.Workload.Image == "" {
		r.refuse("workloadImage", "the image of a server that speaks TLS: the program brings none")
	}
	if s.Inference.Port < unprivilegedPort {
		r.refuse("inferencePort", "at least %d with workloadEnabled: the container has no privileges", unprivilegedPort)
	}
	if !s.Workload.TargetGroup {
		return
	}
	if !s.Network.Enabled {
		r.refuse("workloadTargetGroup", "false without networkEnabled: there is no load balancer")
	}
	if s.Inference.Protocol != "HTTPS" {
		r.refuse("inferenceProtocol", "HTTPS with workloadTargetGroup: the pods speak TLS")
	}
	if len(s.Inference.Targets) > 0 {
		r.refuse("inferenceTargets", "nothing with workloadTargetGroup: the pods are the targets")
	}
}
