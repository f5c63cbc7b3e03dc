package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// fault is one that the local cloud makes on request.
type fault struct {
	Service   string `json:"service"`
	Principal string `json:"principal"`
	Mode      string `json:"mode"`
	Times     int    `json:"times"`
	Seconds   int    `json:"seconds,omitempty"` // of the mode delay
	Status    int    `json:"status,omitempty"`
	Code      string `json:"code,omitempty"`
}

// setFaults puts faults in place of those in force in the local cloud.
func setFaults(ctx context.Context, endpoint string, faults ...fault) error {
	if faults == nil {
		faults = []fault{}
	}
	text, err := json.Marshal(faults)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, endpoint+"/_gatehouse/faults", bytes.NewReader(text))
	if err != nil {
		return err
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		content, _ := io.ReadAll(io.LimitReader(got.Body, 1<<10))
		return fmt.Errorf("the local cloud refuses a fault: %s", content)
	}
	return nil
}
