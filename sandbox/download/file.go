package download

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// partial ends the name of a file that is not complete.
const partial = ".partial"

// File downloads a file with this SHA-256 checksum, in hexadecimal. It has its name only
// once it is complete and has the checksum; until then it is beside it, and an interrupted
// download goes on from there. Progress is called with the bytes that are there and their
// number in all, which is -1 if it isn't known.
func (c Client) File(ctx context.Context, address, checksum, path string, progress func(done, all int64)) error {
	continued, err := c.fetch(ctx, address, path+partial, progress)
	if err != nil {
		return err
	}
	found, err := checksumOf(path + partial)
	if err != nil {
		return err
	}
	if found == checksum {
		return os.Rename(path+partial, path)
	}
	if err := os.Remove(path + partial); err != nil {
		return err
	}
	if continued { // its start may be that of another file
		return c.File(ctx, address, checksum, path, progress)
	}
	return fmt.Errorf("%s has the SHA-256 checksum %s, and %s is published: it is not used", address, found, checksum)
}

// fetch appends to path what it lacks. It reports whether there was something.
func (c Client) fetch(ctx context.Context, address, path string, progress func(done, all int64)) (continued bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(c.StallTimeout, func() { cancel(fmt.Errorf("nothing arrived for %v", c.StallTimeout)) })
	defer stalled.Stop()
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			err = fmt.Errorf("download %s: %w", address, brief(err))
		}
	}()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return false, err
	}
	response, err := request(ctx, address, info.Size())
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	done := info.Size()
	switch {
	case response.StatusCode == http.StatusRequestedRangeNotSatisfiable && done > 0:
		return true, nil // nothing is missing
	case response.StatusCode == http.StatusPartialContent && startsAt(response, done):
	case response.StatusCode == http.StatusOK:
		done = 0
		if err := file.Truncate(0); err != nil {
			return false, err
		}
	default:
		return false, rejected(response)
	}
	continued = done > 0
	all := size(response)
	_, err = io.Copy(file, readerFunc(func(b []byte) (int, error) {
		n, err := response.Body.Read(b)
		stalled.Reset(c.StallTimeout)
		done += int64(n)
		progress(done, all)
		return n, err
	}))
	if err != nil {
		return continued, err
	}
	return continued, file.Close()
}

// request requests what follows after some bytes.
func request(ctx context.Context, address string, after int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if after > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", after))
	}
	return httpClient.Do(request)
}

func startsAt(r *http.Response, offset int64) bool {
	return strings.HasPrefix(r.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", offset))
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func checksumOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
