package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const image = "registry.example.com/gateway:1.4.2"

func TestWorkloadDefaults(t *testing.T) {
	s, err := Load(nil)
	require.NoError(t, err)
	assert.Equal(t, Workload{Replicas: 2, CPU: "100m", Memory: "256Mi"}, s.Workload)
}

func TestWorkloadGiven(t *testing.T) {
	s, err := Load(certificates(config{
		"workloadEnabled":     "true",
		"workloadImage":       image,
		"workloadReplicas":    "3",
		"workloadCpu":         "2",
		"workloadMemory":      "4Gi",
		"workloadTargetGroup": "true",
		"networkEnabled":      "true",
		"inferenceProtocol":   "HTTPS",
	}))
	require.NoError(t, err)
	assert.Equal(t, Workload{Enabled: true, Image: image, Replicas: 3, CPU: "2", Memory: "4Gi", TargetGroup: true}, s.Workload)
}

func TestWorkloadMistakesGetOneErrorEach(t *testing.T) {
	target := func(changes config) config {
		all := config{"workloadEnabled": "true", "workloadImage": image, "workloadTargetGroup": "true", "networkEnabled": "true", "inferenceProtocol": "HTTPS"}
		for key, value := range changes {
			all[key] = value
		}
		return all
	}
	refuseEach(t, map[string]mistake{
		"no image":                      {config{"workloadEnabled": "true"}, "workloadImage", "it must be the image of a server that speaks TLS"},
		"no pods":                       {config{"workloadReplicas": "0"}, "workloadReplicas", "from 1 to 50"},
		"too small a share":             {config{"workloadCpu": "0.1"}, "workloadCpu", "processors such as 2 or 100m"},
		"memory without unit":           {config{"workloadMemory": "256"}, "workloadMemory", "memory such as 256Mi or 2Gi"},
		"a port of the privileged":      {config{"workloadEnabled": "true", "workloadImage": image, "inferencePort": "443"}, "inferencePort", "it must be at least 1024"},
		"targets without pods":          {config{"workloadTargetGroup": "true"}, "workloadTargetGroup", "it requires gatehouse:workloadEnabled to be true"},
		"targets without load balancer": {target(config{"networkEnabled": "false"}), "workloadTargetGroup", "it requires gatehouse:networkEnabled to be true"},
		"targets without TLS":           {target(config{"inferenceProtocol": "HTTP"}), "inferenceProtocol", "it must be HTTPS with gatehouse:workloadTargetGroup"},
		"targets beside pods":           {target(config{"inferenceTargets": `["10.0.10.25"]`}), "inferenceTargets", "it conflicts with gatehouse:workloadTargetGroup: the pods are the targets"},
		"no certificates":               {config{"certificateEnabled": "false", "workloadEnabled": "true", "workloadImage": image}, "workloadEnabled", "it requires gatehouse:certificateEnabled to be true"},
	})
}

func TestImages(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	for image, pinned := range map[string]bool{
		image:                                true,
		"gateway:v1":                         true,
		"localhost:5000/a/gateway:1":         true,
		"ghcr.io/a/gateway@" + digest:        true,
		"gateway:1.4@" + digest:              true,
		"gateway":                            false,
		"gateway:latest":                     false,
		"localhost:5000/gateway":             false,
		"gateway:":                           false,
		":1":                                 false,
		"gateway@sha256:abc":                 false,
		"https://ghcr.io/a/gateway:1":        false,
		"gateway:1 --privileged":             false,
		"ghcr.io/a/gateway:" + digest:        false,
		"Gateway:1":                          false,
		"ghcr.io/a/gateway:latest@" + digest: true,
	} {
		assert.Equal(t, pinned, isPinned(image), image)
	}
}
