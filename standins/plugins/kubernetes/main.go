// Command kubernetes is a Pulumi provider plugin that stands in for the official
// pulumi-resource-kubernetes: it serves the same SDK over Kubernetes' own API.
package main

import (
	"github.com/go-logr/logr"
	"k8s.io/klog/v2"

	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/kubernetes"
	"github.com/gatehouse-iac/gatehouse/standins/plugins/internal/serve"
)

// version is the SDK's; the linker sets it.
var version = "0.0.0"

func main() {
	klog.SetLogger(logr.Discard()) // the client logs errors that it returns, too
	serve.Main("kubernetes", version, kubernetes.New())
}
