package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
)

// AccessLogs searches the access logs that CloudFront delivers.
type AccessLogs interface {
	// Has reports whether a line with a request's id was delivered since a time.
	Has(ctx context.Context, id string, since time.Time) (bool, error)
}

// The time between searches of the access logs grows from one to the other: CloudFront delivers
// several times an hour, and the local cloud after seconds.
const (
	firstLogInterval   = 2 * time.Second
	longestLogInterval = 30 * time.Second
)

// accessLogs waits until CloudFront has delivered the line of a request. It is the last check: the
// client is gone while it waits.
func (s *Suite) accessLogs() []check.Check {
	began := time.Now()
	c := check.Check{Name: "the request in the access log, by its id", Want: "delivered", Section: "the-first-look", Run: func(ctx context.Context) (string, error) {
		if s.edgeID == "" {
			return "", errors.New("no request had an id of CloudFront's")
		}
		return s.delivered(ctx, began)
	}}
	switch {
	case s.Outputs.AccessLogsBucket == "":
		c.LeftOut = "accessLogsEnabled is off"
	case s.Wait == 0:
		c.LeftOut = "-wait (WAIT=30m) waits for them"
	}
	return []check.Check{c}
}

// delivered waits for the line of the request, and returns when it was found.
func (s *Suite) delivered(ctx context.Context, began time.Time) (string, error) {
	waiting, cancel := context.WithTimeout(ctx, s.Wait)
	defer cancel()
	for interval := firstLogInterval; ; interval = min(2*interval, longestLogInterval) {
		found, err := s.AccessLogs.Has(ctx, s.edgeID, began)
		if err != nil {
			return "", err
		}
		if found {
			return fmt.Sprintf("delivered after %s", time.Since(began).Round(time.Second)), nil
		}
		select {
		case <-waiting.Done():
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			return "", fmt.Errorf("nothing of %s was delivered to %s in %s: CloudFront delivers most lines within an hour, and some within a day", s.edgeID, s.Outputs.AccessLogsBucket, s.Wait)
		case <-time.After(interval):
		}
	}
}
