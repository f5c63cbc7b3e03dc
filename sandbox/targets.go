package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsserver"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/test/e2e/api"
	"github.com/gatehouse-iac/gatehouse/test/e2e/certificates"
)

// apiOf returns the model API of the deployed stack with these outputs.
func apiOf(l checkout.Layout, running awsserver.Cloud, outputs map[string]string) api.API {
	return api.API{
		URL:       awsserver.URL(running.Ports.Distribution) + outputs["apiPrefix"],
		DirectURL: awsserver.URL(running.Ports.API) + outputs["apiPrefix"],
		KeyHeader: outputs["originHeaderName"],
		Key: func(ctx context.Context) (string, error) {
			// The oldest: not every authorizer may have read a new one yet.
			keys, err := awsclient.Keyring(ctx, running.Endpoint(), outputs["parameterPath"])
			if err != nil {
				return "", err
			}
			return keys[0], nil
		},
		Cloud:  running.Endpoint(),
		Role:   "gatehouse-" + pulumicli.StackName + "-model",
		Client: []string{l.Python(checkout.ProofVenv), filepath.Join(l.Root, "test", "e2e", "clients", "openai_client.py")},
	}
}

// certificateTarget returns the names of the certificate that the stack issued, and of
// what issued it.
func certificateTarget(l checkout.Layout, running env.Servers, outputs map[string]string) (certificates.Target, error) {
	names, err := pulumicli.Setting(l, "gatehouse:certificateNames")
	if err != nil {
		return certificates.Target{}, err
	}
	t := certificates.Target{Vault: running.Vault, Kubernetes: running.Kubernetes.Access}
	if list, ok := names.([]any); ok && len(list) > 0 {
		t.Name, _ = list[0].(string)
	}
	var missing []string
	for name, into := range map[string]*string{
		"tlsSecretNamespace": &t.Namespace, "tlsSecretName": &t.Secret,
		"pkiRootMount": &t.RootMount, "pkiMount": &t.Mount, "pkiRole": &t.Role, "pkiPolicy": &t.Policy,
	} {
		if *into = outputs[name]; *into == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return t, fmt.Errorf("the stack has no outputs %s", strings.Join(missing, ", "))
	}
	return t, nil
}
