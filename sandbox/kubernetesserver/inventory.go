package kubernetesserver

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/gatehouse-iac/gatehouse/sandbox/recovery"
	"github.com/gatehouse-iac/gatehouse/sandbox/restclient"
)

// kinds are the types of which stacks make objects, and where the server lists them.
// None is made anew: a creation fails if the object is there, or, where a provider
// applies instead, leaves fields that the killed one manages.
var kinds = map[string]string{
	"kubernetes:apps/v1:Deployment":                       "/apis/apps/v1/deployments",
	"kubernetes:cert-manager.io/v1:Certificate":           "/apis/cert-manager.io/v1/certificates",
	"kubernetes:cert-manager.io/v1:Issuer":                "/apis/cert-manager.io/v1/issuers",
	"kubernetes:core/v1:Namespace":                        "/api/v1/namespaces",
	"kubernetes:core/v1:Secret":                           "/api/v1/secrets",
	"kubernetes:core/v1:Service":                          "/api/v1/services",
	"kubernetes:core/v1:ServiceAccount":                   "/api/v1/serviceaccounts",
	"kubernetes:elbv2.k8s.aws/v1beta1:TargetGroupBinding": "/apis/elbv2.k8s.aws/v1beta1/targetgroupbindings",
	"kubernetes:policy/v1:PodDisruptionBudget":            "/apis/policy/v1/poddisruptionbudgets",
	"kubernetes:rbac.authorization.k8s.io/v1:Role":        "/apis/rbac.authorization.k8s.io/v1/roles",
	"kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": "/apis/rbac.authorization.k8s.io/v1/rolebindings",
}

// manager is the name under which Pulumi's provider manages the fields of what it
// makes. Once it has updated an object, more is after it.
const manager = "pulumi-kubernetes"

// metadata is what is asked for of objects: Secrets stay where they are.
const metadata = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

// Inventory asks the server for the objects that Pulumi made.
func (a Access) Inventory(ctx context.Context) (recovery.Inventory, error) {
	inventory := recovery.Inventory{Types: slices.Sorted(maps.Keys(kinds))}
	for _, kind := range inventory.Types {
		objects, err := a.made(ctx, kind)
		if err != nil {
			return recovery.Inventory{}, fmt.Errorf("ask Kubernetes what it holds: %w", err)
		}
		inventory.Resources = append(inventory.Resources, objects...)
	}
	return inventory, nil
}

// made are the objects of a kind that Pulumi made; none if the server has no such
// kind.
func (a Access) made(ctx context.Context, kind string) ([]recovery.Found, error) {
	var list struct {
		Items []struct {
			Metadata struct {
				Name, Namespace string
				ManagedFields   []struct{ Manager string }
			}
		}
	}
	err := a.Client().With("Accept", metadata).Do(ctx, http.MethodGet, kinds[kind], nil, &list)
	if restclient.Status(err) == http.StatusNotFound {
		return nil, nil
	}
	var found []recovery.Found
	for _, item := range list.Items {
		object := item.Metadata
		byPulumi := slices.ContainsFunc(object.ManagedFields, func(f struct{ Manager string }) bool {
			return f.Manager == manager || strings.HasPrefix(f.Manager, manager+"-")
		})
		if !byPulumi {
			continue
		}
		id, hints := object.Name, []string{object.Name}
		if object.Namespace != "" {
			id, hints = object.Namespace+"/"+id, append(hints, object.Namespace)
		}
		found = append(found, recovery.Found{Type: kind, ID: id, Import: id, Hints: hints})
	}
	return found, err
}
