package vault

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// differs compares the state with the inputs as upstream does: a value that the
// inputs don't have is kept if Vault computes it, and removed otherwise; an empty
// value counts as none.
func (f field) differs(state, input resource.PropertyValue) (plugin.DiffKind, bool, error) {
	var before, after any
	var err error
	if !state.IsNull() {
		if before, err = f.fromSDK(state); err != nil {
			return 0, false, err
		}
	}
	if input.ContainsUnknowns() {
		if empty(before) {
			return plugin.DiffAdd, true, nil
		}
		return plugin.DiffUpdate, true, nil
	}
	if !input.IsNull() {
		if after, err = f.fromSDK(input); err != nil {
			return 0, false, err
		}
	}
	switch {
	case after == nil && f.is(computed), f.same(before, after):
		return 0, false, nil
	case empty(before):
		return plugin.DiffAdd, true, nil
	case after == nil:
		return plugin.DiffDelete, true, nil
	default:
		return plugin.DiffUpdate, true, nil
	}
}

// fieldError names the property of an error.
func fieldError(f field, err error) error {
	return fmt.Errorf("%s %w", f.property(), err)
}
