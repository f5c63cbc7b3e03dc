package recovery

import (
	"encoding/json"
	"fmt"
)

// Mend returns an exported state without operations under way, and with the imports
// among its resources: the next refresh reads what they are. `pulumi refresh` has
// flags for that (--import-pending-creates), but in v3.255 it forgets the resources
// instead.
func Mend(exported []byte, imports Imports) ([]byte, error) {
	var all, deployment map[string]json.RawMessage
	if err := json.Unmarshal(exported, &all); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(all["deployment"], &deployment); err != nil {
		return nil, err
	}
	var resources []json.RawMessage
	if err := json.Unmarshal(deployment["resources"], &resources); err != nil {
		return nil, err
	}
	made, err := imported(deployment["pending_operations"], imports)
	if err != nil {
		return nil, err
	}
	delete(deployment, "pending_operations")
	if deployment["resources"], err = json.Marshal(append(resources, made...)); err != nil {
		return nil, err
	}
	if all["deployment"], err = json.Marshal(deployment); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// imported are the resources of the operations that are imports, with their ids.
func imported(pending json.RawMessage, imports Imports) ([]json.RawMessage, error) {
	var operations []struct {
		Resource map[string]json.RawMessage `json:"resource"`
	}
	if err := json.Unmarshal(pending, &operations); err != nil {
		return nil, err
	}
	var made []json.RawMessage
	for _, operation := range operations {
		var urn string
		if err := json.Unmarshal(operation.Resource["urn"], &urn); err != nil {
			return nil, fmt.Errorf("an operation without a resource's URN: %w", err)
		}
		id, found := imports[urn]
		if !found {
			continue
		}
		var err error
		if operation.Resource["id"], err = json.Marshal(id); err != nil {
			return nil, err
		}
		resource, err := json.Marshal(operation.Resource)
		if err != nil {
			return nil, err
		}
		made = append(made, resource)
	}
	return made, nil
}
