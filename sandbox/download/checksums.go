package download

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// largestList bounds the size of a list of checksums, in bytes.
const largestList = 1 << 20

// Checksum returns the SHA-256 checksum of a file from a published list: a line for each
// file, with the checksum before the name.
func (c Client) Checksum(ctx context.Context, address, file string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.StallTimeout, fmt.Errorf("no response within %v", c.StallTimeout))
	defer cancel()
	response, err := request(ctx, address, 0)
	if err != nil {
		return "", fmt.Errorf("download %s: %w", address, brief(err))
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("download %s: %w", address, rejected(response))
	}
	list, err := io.ReadAll(io.LimitReader(response.Body, largestList))
	if err != nil {
		return "", fmt.Errorf("download %s: %w", address, err)
	}
	for line := range strings.Lines(string(list)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || strings.TrimPrefix(fields[1], "*") != file {
			continue
		}
		if sum, err := hex.DecodeString(fields[0]); err == nil && len(sum) == 32 {
			return strings.ToLower(fields[0]), nil
		}
	}
	return "", fmt.Errorf("%s has no SHA-256 checksum of %s", address, file)
}
