package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/httpcheck"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// While CloudFront deploys, edge locations still send the older key. That takes minutes.
const (
	deployTimeout  = 15 * time.Minute
	deployInterval = 5 * time.Second
)

// trafficInterval is the time between requests while the key rotates. It is far below the
// default of the firewall's rate limit, 2000 in five minutes.
const trafficInterval = time.Second

// rotation puts a new origin key into use while requests go through CloudFront to both APIs,
// until every edge location sends it. A revocation deletes every older key at once: requests that are under way may be
// rejected.
func (s *Suite) rotation() []check.Check {
	var all []check.Check
	if s.Rotate {
		all = append(all, s.withRotator(check.Check{
			Name: "a rotation under traffic", Want: "no request failed", Section: "rotation-errors",
			Run: s.rotateUnderTraffic,
		}))
	}
	if s.Revoke {
		all = append(all, s.withRotator(check.Check{
			Name: "a revocation", Want: "done, then 200", Section: "a-key-has-leaked",
			Run: func(ctx context.Context) (string, error) {
				return "", errors.Join(s.Rotator.Request(ctx, rotatorapi.Revoke, ""), s.probe(ctx, health))
			},
		}))
	}
	return all
}

func (s *Suite) rotateUnderTraffic(ctx context.Context) (string, error) {
	began := time.Now()
	requests, stop := context.WithCancel(ctx)
	defer stop()
	counted := make(chan traffic)
	go func() { counted <- s.send(requests) }()
	err := s.Rotator.Request(ctx, rotatorapi.Rotate, "")
	if err == nil {
		err = s.deployed(ctx)
	}
	stop()
	sent := <-counted
	if err != nil {
		return "", err
	}
	if len(sent.failures) > 0 {
		return "", fmt.Errorf("%d of %d requests failed: %w", len(sent.failures), sent.requests, sent.failures[0])
	}
	if sent.requests == 0 {
		return "", errors.New("no request was sent")
	}
	return fmt.Sprintf("no request of %d failed, in %s", sent.requests, time.Since(began).Round(time.Second)), nil
}

// deployed waits until every edge location sends the key that is in use.
func (s *Suite) deployed(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, deployTimeout)
	defer cancel()
	for {
		status, err := s.Rotator.Status(ctx)
		if err != nil {
			return err
		}
		if status.Deployed {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("CloudFront has been deploying for %s", status.DeployingFor)
		case <-time.After(deployInterval):
		}
	}
}

// traffic counts requests.
type traffic struct {
	requests int
	failures []error
}

// send sends requests until the context ends. One that the end interrupts doesn't count.
func (s *Suite) send(ctx context.Context) traffic {
	var t traffic
	paths := []string{health}
	if s.Addresses.Stream.URL != "" {
		paths = append(paths, streamHealth)
	}
	for i := 0; ctx.Err() == nil; i++ {
		err := s.probe(context.WithoutCancel(ctx), paths[i%len(paths)])
		t.requests++
		if err != nil {
			t.failures = append(t.failures, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(trafficInterval):
		}
	}
	return t
}

// probe sends a request that costs nothing.
func (s *Suite) probe(ctx context.Context, path string) error {
	if _, err := s.get(ctx, httpcheck.Request{URL: s.path(path)}); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
