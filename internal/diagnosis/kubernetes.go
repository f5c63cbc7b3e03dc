package diagnosis

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// unreachable begins the official plugin's message about a cluster that it can't use. The
// reason follows.
const unreachable = `configured Kubernetes cluster is unreachable: `

// ofKubernetes are the symptoms of the cluster. What only follows from another comes
// after it: a credentials plugin that fails is reported as a cluster that can't be
// reached.
var ofKubernetes = []symptom{
	{regexp.MustCompile(`[^\n]*getting credentials: exec: ([^\n]*)`), func(matches [][]string) Finding {
		return Finding{
			Section: "cluster-credentials",
			Wrong:   fmt.Sprintf("The program that gets the cluster's credentials fails (%s).", matches[0][1]),
			Next: []string{
				"Run it by hand: `kubectl config view --minify` shows the command. For EKS it is `aws eks get-token`: is `aws` installed, and are there AWS credentials (`aws sts get-caller-identity`)?",
				"Run the command again. Nothing was changed in the cluster.",
			},
		}
	}},
	{regexp.MustCompile(unreachable + `[^\n]*x509:[^\n]*`), always(Finding{
		Section: "cluster-away",
		Wrong:   "The kubeconfig's certificate authority isn't the one of the cluster that answers: it was renewed, or it is another cluster.",
		Next: []string{
			"Renew the kubeconfig (for EKS: `aws eks update-kubeconfig`); `kubectl cluster-info` says whether it fits.",
			"If the stack's own kubernetesKubeconfig is a content, set it anew. Nothing was changed in the cluster.",
		},
	})},
	{regexp.MustCompile(`failed to parse kubeconfig[^\n]*`), always(Finding{
		Section: "cluster-credentials",
		Wrong:   "A kubeconfig can't be read: the one of this environment, or one whose path the state has and which isn't on this machine.",
		Next: []string{
			"`kubectl config view` says whether KUBECONFIG, or ~/.kube/config, is in order.",
			"If it is, the state is of a version that kept the path: put any valid kubeconfig at that path (`pulumi stack export` shows it below pulumi:providers:kubernetes), and run `pulumi up` once.",
		},
	})},
	{regexp.MustCompile(`gatehouse:kubernetesKubeconfig: ([^\n]*)`), func(matches [][]string) Finding {
		return Finding{
			Section: "cluster-credentials",
			Wrong:   fmt.Sprintf("The kubeconfig of the settings can't be used: %s.", strings.TrimSuffix(matches[0][1], ".")),
			Next: []string{
				"The setting is a path on this machine, or a content; kubernetesContext names one of its contexts, or its current one counts.",
				"Run the command again. Nothing was changed.",
			},
		}
	}},
	{regexp.MustCompile(unreachable + `unable to load Kubernetes client configuration|unable to load Kubernetes client configuration`), always(Finding{
		Section: "cluster-credentials",
		Wrong:   "There is no kubeconfig where the environment says, or it lacks the context of the settings.",
		Next: []string{
			"Is KUBECONFIG right, and the setting kubernetesContext? `kubectl config get-contexts` shows what there is.",
			"Run the command again. Nothing was changed.",
		},
	})},
	{regexp.MustCompile(`the server has asked for the client to provide credentials`), always(Finding{
		Section: "cluster-credentials",
		Wrong:   "The Kubernetes cluster doesn't accept the kubeconfig's credentials: they have expired, or are another cluster's.",
		Next: []string{
			"Renew them (for EKS: `aws eks update-kubeconfig`, with AWS credentials that the cluster knows); `kubectl auth whoami` says whether they are good.",
			"With kubernetesKubeconfig set, a refresh still uses those of the last deployment: `pulumi up --refresh=false` once takes the new ones.",
			"Run the command again: it goes on from where it was.",
		},
	})},
	{regexp.MustCompile(unreachable + `unable to load schema information from the API server: (?:Get "(https?://[^/"]+)|context deadline exceeded)`), func(matches [][]string) Finding {
		return Finding{
			Section: "cluster-away",
			Wrong:   fmt.Sprintf("The Kubernetes cluster%s can't be reached from here.", at(matches[0])),
			Next: []string{
				"`kubectl cluster-info` in this shell: is it the kubeconfig and the context of the settings kubernetesKubeconfig and kubernetesContext, and does the cluster need a VPN?",
				"Don't set PULUMI_K8S_DELETE_UNREACHABLE, unless the cluster is gone for good: the state would forget what is in it.",
			},
		}
	}},
	{regexp.MustCompile(`user "([^"]*)" [^\n]*is attempting to grant RBAC permissions not currently held`), func(matches [][]string) Finding {
		return Finding{
			Section: "cluster-permission",
			Wrong:   fmt.Sprintf("The cluster lets %s give no more than it has: cert-manager is to ask for tokens of the issuer's account.", matches[0][1]),
			Next: []string{
				"Give it `create` on `serviceaccounts/token` in the namespace, or `escalate` on `roles`: docs/ci.md has all that it needs.",
				"Run the command again: it goes on from where it was.",
			},
		}
	}},
	{regexp.MustCompile(`is forbidden: User "([^"]*)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: (?:in the namespace "([^"]+)"|at the cluster scope))?`), clusterPermission},
	{regexp.MustCompile(`admission webhook "([^"]+)" denied the request: ?([^\n]*)`), func(matches [][]string) Finding {
		return Finding{
			Section: "admission-denied",
			Wrong:   fmt.Sprintf("The cluster's %s refuses an object: %s.", matches[0][1], strings.TrimSuffix(matches[0][2], ".")),
			Next: []string{
				"A field that may not change: `pulumi up --replace URN` makes the object anew, with a gap where its name stays.",
				"A rule of the cluster's owners: it says what is wrong with the object, and they can say why.",
			},
		}
	}},
	{regexp.MustCompile(`failed calling webhook "([^"]+)"`), func(matches [][]string) Finding {
		return Finding{
			Section: "admission-denied",
			Wrong:   fmt.Sprintf("The cluster calls its webhook %s about an object, and gets no response.", matches[0][1]),
			Next: []string{
				"Do its pods run, and does its Service have endpoints? `kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations` says where it is.",
				"Run the command again then: it goes on from where it was.",
			},
		}
	}},
	{regexp.MustCompile(`(\S+ "[^"]+") already exists`), func(matches [][]string) Finding {
		return Finding{
			Section: "object-exists",
			Wrong:   fmt.Sprintf("The cluster has %s already, and the state doesn't know it.", matches[0][1]),
			Next: []string{
				"Was a deployment killed? It belongs into the state: docs/runbook.md#up-killed.",
				"Is it another stack's? Then this one needs another kubernetesNamespace.",
				"Does the preview replace all objects in the same cluster? Then kubernetesCluster, or the context that stands for it, was changed: restore it.",
			},
		}
	}},
	{regexp.MustCompile(`failed to (?:fully )?initialize or become live[^\n]*`), always(Finding{
		Section: "pods-not-ready",
		Wrong:   "The pods, or the certificate that they need, weren't ready in time. What ran before runs on.",
		Next: []string{
			"`kubectl get pods,certificates,events` in the namespace: the image, its start, the answers to inferenceHealthPath, the targets' health.",
			"`pulumi up` again when that is fixed: it goes on waiting.",
		},
	})},
}

// clusterPermission returns one finding about all permissions that are missing in a cluster.
func clusterPermission(matches [][]string) Finding {
	actions := map[string]bool{}
	for _, match := range matches {
		resource := match[3]
		if match[4] != "" {
			resource += "." + match[4]
		}
		place := "anywhere"
		if match[5] != "" {
			place = "in " + match[5]
		}
		actions[fmt.Sprintf("%s %s %s", match[2], resource, place)] = true
	}
	return Finding{
		Section: "cluster-permission",
		Wrong:   fmt.Sprintf("The cluster's user %s may not %s.", matches[0][1], strings.Join(slices.Sorted(maps.Keys(actions)), ", ")),
		Next: []string{
			"Is it the user that was meant? `kubectl auth whoami`.",
			"If it is, its role in the cluster lacks that: docs/ci.md has all that it needs. With kubernetesCreateNamespace false it needs nothing outside of its namespace.",
			"Run the command again: it goes on from where it was.",
		},
	}
}
