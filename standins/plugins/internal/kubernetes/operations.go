package kubernetes

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/csaupgrade"
	"k8s.io/client-go/util/retry"
)

// creator manages the fields of an object until its first update, as with
// upstream: a creation that must fail for an existing object can't be an apply.
const creator = "pulumi-kubernetes"

// Create creates an object.
func (p *Provider) Create(ctx context.Context, r plugin.CreateRequest) (plugin.CreateResponse, error) {
	object, err := p.object(r.URN, r.Properties)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	if r.Preview {
		properties, err := p.previewCreate(ctx, object, r.Properties)
		return plugin.CreateResponse{Properties: properties}, err
	}
	created, err := p.create(ctx, object)
	if err != nil {
		return plugin.CreateResponse{}, p.cluster.explain(err, object.GroupVersionKind())
	}
	manager, err := newManager()
	return plugin.CreateResponse{ID: idOf(created), Properties: state(created, manager, r.Properties)}, err
}

// create retries with backoff: a kind or namespace may exist only a moment later.
func (p *Provider) create(ctx context.Context, object *unstructured.Unstructured) (created *unstructured.Unstructured, err error) {
	_ = wait.ExponentialBackoffWithContext(ctx, p.backoff, func(ctx context.Context) (bool, error) {
		created, err = p.post(ctx, object, v1.CreateOptions{FieldManager: creator})
		return !apierrors.IsNotFound(err) && !meta.IsNoMatchError(err), nil
	})
	return created, err
}

func (p *Provider) post(ctx context.Context, object *unstructured.Unstructured, options v1.CreateOptions) (*unstructured.Unstructured, error) {
	client, err := p.cluster.resource(object)
	if err != nil {
		return nil, err
	}
	return client.Create(ctx, object, options)
}

// previewCreate returns the object as the server would create it, or its known
// values where the server can't preview it.
func (p *Provider) previewCreate(ctx context.Context, object *unstructured.Unstructured, inputs resource.PropertyMap) (resource.PropertyMap, error) {
	if hasUnknown(object.Object) {
		return inputs, nil
	}
	made, err := p.post(ctx, object, v1.CreateOptions{FieldManager: creator, DryRun: []string{v1.DryRunAll}})
	switch {
	case meta.IsNoMatchError(err), isUnreachable(err), apierrors.IsForbidden(err),
		apierrors.IsNotFound(err),      // its namespace, which is only previewed too
		apierrors.IsAlreadyExists(err): // the object that it replaces
		return inputs, nil
	case err != nil:
		return nil, p.cluster.explain(err, object.GroupVersionKind())
	}
	return previewed(made, inputs), nil
}

// previewed leaves out values that will differ when the change is made.
func previewed(made *unstructured.Unstructured, inputs resource.PropertyMap) resource.PropertyMap {
	for _, name := range serversOwn {
		unstructured.RemoveNestedField(made.Object, "metadata", name)
	}
	delete(made.Object, "status")
	return toProperties(made.Object, inputs)
}

func newManager() (string, error) {
	return resource.NewUniqueName(nil, creator+"-", 0, 0, nil)
}

// state returns the properties that the state has of an object.
func state(live *unstructured.Unstructured, manager string, before ...resource.PropertyMap) resource.PropertyMap {
	properties := toProperties(live.Object, before...)
	properties[fieldManagerKey] = resource.NewProperty(manager)
	return properties
}

// managerOf returns the field manager of an object.
func managerOf(object *unstructured.Unstructured, state resource.PropertyMap) (string, error) {
	if manager := annotation(object, patchManager); manager != "" {
		return manager, nil
	}
	if manager := state[fieldManagerKey]; manager.IsString() {
		return manager.StringValue(), nil
	}
	return newManager()
}

// Read reads the present state of an object.
func (p *Provider) Read(ctx context.Context, r plugin.ReadRequest) (plugin.ReadResponse, error) {
	sought, err := p.object(r.URN, nil)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	live, err := p.get(ctx, sought, r.ID)
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return plugin.ReadResponse{}, nil
	}
	if err != nil {
		return plugin.ReadResponse{}, p.cluster.explain(err, sought.GroupVersionKind())
	}
	inputs := live.DeepCopy()
	if len(r.Inputs) > 0 {
		inputs.Object, _ = pruned(inputs.Object, toObject(r.Inputs).Object).(map[string]any)
	} else { // an import
		delete(inputs.Object, "status")
	}
	for _, name := range serversOwn {
		unstructured.RemoveNestedField(inputs.Object, "metadata", name)
	}
	manager, err := managerOf(live, r.State)
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{
		ID: idOf(live), Inputs: toProperties(inputs.Object, r.Inputs), Outputs: state(live, manager, r.State, r.Inputs),
	}}, err
}

func (p *Provider) get(ctx context.Context, sought *unstructured.Unstructured, id resource.ID) (*unstructured.Unstructured, error) {
	namespace, name := parseID(id)
	sought.SetNamespace(namespace)
	client, err := p.cluster.resource(sought)
	if err != nil {
		return nil, err
	}
	return client.Get(ctx, name, v1.GetOptions{})
}

// Update applies new inputs on the server.
func (p *Provider) Update(ctx context.Context, r plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	object, err := p.object(r.URN, r.NewInputs)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	kind := object.GroupVersionKind()
	if r.Preview && hasUnknown(object.Object) {
		return plugin.UpdateResponse{Properties: r.NewInputs}, nil
	}
	client, err := p.cluster.resource(object)
	if r.Preview && (meta.IsNoMatchError(err) || isUnreachable(err)) {
		return plugin.UpdateResponse{Properties: r.NewInputs}, nil
	}
	if err != nil {
		return plugin.UpdateResponse{}, p.cluster.explain(err, kind)
	}
	manager, err := managerOf(object, r.OldOutputs)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	applied, err := p.apply(ctx, client, object, manager, r)
	if r.Preview && apierrors.IsForbidden(err) {
		return plugin.UpdateResponse{Properties: r.NewInputs}, nil
	}
	if err != nil {
		return plugin.UpdateResponse{}, p.cluster.explain(err, kind)
	}
	if r.Preview {
		return plugin.UpdateResponse{Properties: previewed(applied, r.NewInputs)}, nil
	}
	return plugin.UpdateResponse{Properties: state(applied, manager, r.NewInputs)}, nil
}

func (p *Provider) apply(ctx context.Context, client dynamic.ResourceInterface, object *unstructured.Unstructured,
	manager string, r plugin.UpdateRequest,
) (*unstructured.Unstructured, error) {
	live, tookOver, err := takeOver(ctx, client, object.GetName(), manager, r.Preview)
	if err != nil {
		return nil, err
	}
	if err := keepIgnored(object, live, r.IgnoreChanges); err != nil {
		return nil, err
	}
	options := v1.ApplyOptions{
		FieldManager: manager, Force: p.config.patchForce || annotation(object, patchForce) == "true",
	}
	if r.Preview {
		options.DryRun = []string{v1.DryRunAll}
		options.Force = options.Force || !tookOver // as the creator's fields are not taken over yet
	}
	return client.Apply(ctx, object.GetName(), object, options)
}

// takeOver gives the manager the fields that the creator manages, and reports
// whether there were none left. In a preview it does not change them.
func takeOver(ctx context.Context, client dynamic.ResourceInterface, name, manager string, preview bool) (live *unstructured.Unstructured, done bool, err error) {
	err = retry.RetryOnConflict(retry.DefaultRetry, func() error {
		if live, err = client.Get(ctx, name, v1.GetOptions{}); err != nil {
			return err
		}
		patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, sets.New(creator), manager)
		if done = patch == nil; err != nil || done || preview {
			return err
		}
		_, err = client.Patch(ctx, name, types.JSONPatchType, patch, v1.PatchOptions{})
		return err
	})
	return live, done, err
}

// keepIgnored sets ignored fields to their present values: left out, they would
// be removed, and the state's values may be old.
func keepIgnored(object, live *unstructured.Unstructured, ignored []string) error {
	wanted, now := raise(object.Object), raise(live.Object)
	for _, text := range ignored {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			return err
		}
		if value, found := path.Get(now); found {
			path.Set(wanted, value)
		}
	}
	object.Object, _ = lower(wanted).(map[string]any)
	return nil
}

const (
	deleteTimeout = 10 * time.Minute
	pollPeriod    = 200 * time.Millisecond
)

// Delete deletes an object and waits until it is gone.
func (p *Provider) Delete(ctx context.Context, r plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	object, err := p.object(r.URN, r.Outputs)
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	err = p.delete(ctx, object, r)
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		err = nil
	}
	return plugin.DeleteResponse{}, p.cluster.explain(err, object.GroupVersionKind())
}

func (p *Provider) delete(ctx context.Context, object *unstructured.Unstructured, r plugin.DeleteRequest) error {
	client, err := p.cluster.resource(object)
	if err != nil {
		return err
	}
	live, err := client.Get(ctx, object.GetName(), v1.GetOptions{})
	if err != nil {
		return err
	}
	policy := propagationOf(object)
	if err := client.Delete(ctx, object.GetName(), v1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
		return err
	}
	timeout := timeoutOf(object, r.Timeout)
	var last *unstructured.Unstructured
	err = wait.PollUntilContextTimeout(ctx, pollPeriod, timeout, true, func(context.Context) (bool, error) {
		// Not with the poll's own context: a request would fail early for fear
		// of its end.
		now, err := client.Get(ctx, object.GetName(), v1.GetOptions{})
		if err != nil {
			return false, err
		}
		last = now
		return now.GetUID() != live.GetUID(), nil // another object has its name by now
	})
	if wait.Interrupted(err) && last != nil {
		return fmt.Errorf("is still there %s after it was deleted; its finalizers: %s", timeout, strings.Join(last.GetFinalizers(), ", "))
	}
	return err
}

// timeoutOf returns the timeout of an operation: the resource option's in seconds,
// else the annotation's.
func timeoutOf(object *unstructured.Unstructured, seconds float64) time.Duration {
	if seconds == 0 {
		seconds, _ = strconv.ParseFloat(annotation(object, timeoutSeconds), 64)
	}
	if seconds <= 0 {
		return deleteTimeout
	}
	return time.Duration(seconds * float64(time.Second))
}
