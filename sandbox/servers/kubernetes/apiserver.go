package main

import (
	"fmt"

	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

// serve runs the API server. It takes the process's signals itself.
func serve(port int) error {
	command := app.NewAPIServerCommand()
	command.SetArgs([]string{
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		// No node connects to it, so it needs no address for nodes.
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.96.0.0/16",
		"--etcd-servers=" + etcdSocket.String(),
		"--tls-cert-file=" + certificateFile,
		"--tls-private-key-file=" + keyFile,
		"--authorization-mode=RBAC",
		"--token-auth-file=" + tokensFile,
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + accountsFile,
		"--service-account-signing-key-file=" + accountsFile,
	})
	return command.Execute()
}
