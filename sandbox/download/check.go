package download

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// smallest is the least size of an archive, in bytes. Those that are fetched here have
// megabytes; a page by which a proxy refuses access has not.
const smallest = 1 << 20

// gzipMagic starts every gzip file.
var gzipMagic = []byte{0x1f, 0x8b}

// Check looks for gzip archives, all at once and within [Client.CheckTimeout]. For each
// address that has none, the result has an error. A page in place of the archive, as some
// proxies send, is none.
func (c Client) Check(ctx context.Context, addresses ...string) map[string]error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.CheckTimeout, fmt.Errorf("no response within %v", c.CheckTimeout))
	defer cancel()
	var (
		group    sync.WaitGroup
		mu       sync.Mutex
		problems = map[string]error{}
	)
	for _, address := range addresses {
		group.Go(func() {
			err := checkArchive(ctx, address)
			if err == nil {
				return
			}
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			mu.Lock()
			defer mu.Unlock()
			problems[address] = brief(err)
		})
	}
	group.Wait()
	return problems
}

func checkArchive(ctx context.Context, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Range", fmt.Sprintf("bytes=0-%d", len(gzipMagic)-1))
	response, err := httpClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusPartialContent {
		return rejected(response)
	}
	if kind := response.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/") {
		return fmt.Errorf("%s responds with %s in place of an archive", request.URL.Host, kind)
	}
	if size(response) < smallest {
		return fmt.Errorf("%s responds with something smaller than an archive", request.URL.Host)
	}
	start := make([]byte, len(gzipMagic))
	if _, err := io.ReadFull(response.Body, start); err != nil {
		return err
	}
	if !bytes.Equal(start, gzipMagic) {
		return errors.New(request.URL.Host + " responds with something other than a gzip archive")
	}
	return nil
}

// size returns the size of what lies at the address of a response; -1 if it isn't known.
func size(r *http.Response) int64 {
	if r.StatusCode != http.StatusPartialContent {
		return r.ContentLength
	}
	_, total, _ := strings.Cut(r.Header.Get("Content-Range"), "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if err != nil {
		return -1
	}
	return size
}
