package change

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

func TestResult(t *testing.T) {
	image := Change{resource.PropertyPath{"spec", "containers", 0, "image"}, plugin.DiffUpdate}
	data := Change{resource.PropertyPath{"data", "tls.crt"}, plugin.DiffUpdateReplace}
	for _, test := range []struct {
		changes     []Change
		ignore      []string
		paths       []string
		deleteFirst bool
	}{
		{nil, nil, nil, false},
		{[]Change{image, data}, nil, []string{"spec.containers[0].image", `data["tls.crt"]`}, true},
		{[]Change{image, data}, []string{"data"}, []string{"spec.containers[0].image"}, false},
		{[]Change{image, data}, []string{`data["tls.crt"]`, "spec.containers[*].image"}, nil, false},
	} {
		result, err := Result(test.changes, test.ignore, true)
		if err != nil {
			t.Fatal(err)
		}
		if len(result.DetailedDiff) != len(test.paths) || result.DeleteBeforeReplace != test.deleteFirst || (result.Changes == plugin.DiffSome) != (len(test.paths) > 0) {
			t.Errorf("%v without %v: got %+v", test.changes, test.ignore, result)
		}
		for _, path := range test.paths {
			if _, has := result.DetailedDiff[path]; !has {
				t.Errorf("%v without %v: %s is missing", test.changes, test.ignore, path)
			}
		}
	}
	if result, _ := Result([]Change{image}, nil, true); result.DeleteBeforeReplace {
		t.Error("an update deletes the resource")
	}
	if _, err := Result(nil, []string{"a[["}, false); err == nil {
		t.Error("a path that is none was taken")
	}
}

func TestReplacing(t *testing.T) {
	for _, kind := range []plugin.DiffKind{plugin.DiffAdd, plugin.DiffUpdate, plugin.DiffDelete} {
		if Replaces(kind) || !Replaces(Replacing(kind)) || Replacing(Replacing(kind)) != Replacing(kind) {
			t.Errorf("%v became %v", kind, Replacing(kind))
		}
	}
}
