package diagnosis

import (
	"fmt"
	"regexp"
)

// elsewhere are the symptoms of Vault and of the cluster. The providers' plugins say
// them in different words, of which there are two: the official ones', and those of
// the local run.
var elsewhere = []symptom{
	{regexp.MustCompile(`the Vault at (\S+) can't be reached|failed to lookup token, err=(?:(?:Get|Put) "(https?://[^/"]+)|context deadline exceeded)`), func(matches [][]string) Finding {
		return Finding{
			Section: "vault-away",
			Wrong:   fmt.Sprintf("Vault%s can't be reached from here.", at(matches[0])),
			Next: []string{
				"`vault status -address=…` in this shell: the address is the setting vaultAddress. Does it need a VPN, VAULT_CACERT or VAULT_PROXY_ADDR?",
				"If Vault is down: wait for it. What has a certificate keeps it, and nothing was changed.",
			},
		}
	}},
	{regexp.MustCompile(`it has to be unsealed|Vault is sealed`), always(Finding{
		Section: "vault-away",
		Wrong:   "Vault is sealed: it answers nobody.",
		Next:    []string{"Whoever operates it has to unseal it. What has a certificate keeps it, and nothing was changed."},
	})},
	{regexp.MustCompile(`there is no token for Vault|no vault token set on Client`), always(Finding{
		Section: "vault-token",
		Wrong:   "There is no token for Vault.",
		Next: []string{
			"`vault login`, or VAULT_TOKEN; `vault token lookup` says whose it is then, and for how long.",
			"Run the command again. Nothing was changed.",
		},
	})},
	{regexp.MustCompile(`does not know the token, or it has expired|failed to lookup token, err=Error making API request\.\s+URL: \S+ \S+\s+Code: 403`), always(Finding{
		Section: "vault-token",
		Wrong:   "Vault doesn't accept the token: it has expired, was revoked, or is another Vault's.",
		Next: []string{
			"Get another (`vault login`, VAULT_TOKEN); `vault token lookup` says whether it is good. One for a deployment has to live as long as that.",
			"Run the command again: it goes on from where it was.",
		},
	})},
	{regexp.MustCompile(`the cluster at (\S+) can't be reached|configured Kubernetes cluster is unreachable: unable to load schema information from the API server: (?:Get "(https?://[^/"]+)|context deadline exceeded)`), func(matches [][]string) Finding {
		return Finding{
			Section: "cluster-away",
			Wrong:   fmt.Sprintf("The Kubernetes cluster%s can't be reached from here.", at(matches[0])),
			Next: []string{
				"`kubectl cluster-info` in this shell: is it the kubeconfig and the context of the settings kubernetesKubeconfig and kubernetesContext, and does the cluster need a VPN?",
				"Don't set PULUMI_K8S_DELETE_UNREACHABLE, unless the cluster is gone for good: the state would forget what is in it.",
			},
		}
	}},
	{regexp.MustCompile(`kubeconfig names a file that can't be read|unable to load Kubernetes client configuration`), always(Finding{
		Section: "cluster-credentials",
		Wrong:   "There is no kubeconfig where the settings say, or it can't be read.",
		Next: []string{
			"Is the setting kubernetesKubeconfig right, or KUBECONFIG if there is none? `kubectl config view --minify` shows what is taken.",
			"Run the command again. Nothing was changed.",
		},
	})},
	{regexp.MustCompile(`does not accept the kubeconfig's credentials|the server has asked for the client to provide credentials`), always(Finding{
		Section: "cluster-credentials",
		Wrong:   "The Kubernetes cluster doesn't accept the kubeconfig's credentials: they have expired, or are another cluster's.",
		Next: []string{
			"Renew them (for EKS: `aws eks update-kubeconfig`, with AWS credentials that the cluster knows); `kubectl auth whoami` says whether they are good.",
			"Run the command again: it goes on from where it was.",
		},
	})},
}

// at is where a server is, if a message's match has it.
func at(match []string) string {
	for _, address := range match[1:] {
		if address != "" {
			return " at " + address
		}
	}
	return ""
}
