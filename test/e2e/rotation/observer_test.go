package rotation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// pollInterval is the time between two snapshots of an observer, and so the precision of
// its times.
const pollInterval = 150 * time.Millisecond

// observer reads a distribution and what its API accepts, as the account's administrator,
// and keeps the snapshots in a timeline.
type observer struct {
	cloudFront   *cloudfront.Client
	distribution string
	header       string
	keyring      func(context.Context) ([]key, error)

	mu   sync.Mutex
	seen timeline

	stop  context.CancelFunc
	ended sync.WaitGroup
	err   error
}

// start takes a snapshot, and then one after another until end.
func (o *observer) start(ctx context.Context) error {
	ctx, o.stop = context.WithCancel(ctx)
	if err := o.snapshot(ctx); err != nil {
		o.stop()
		return err
	}
	o.ended.Go(func() {
		for pause(ctx, pollInterval) == nil {
			if err := o.snapshot(ctx); err != nil && ctx.Err() == nil {
				o.err = err
				return
			}
		}
	})
	return nil
}

// end stops observing. It fails if the observer stopped before: then its figures say
// nothing.
func (o *observer) end() error {
	o.stop()
	o.ended.Wait()
	return o.err
}

// snapshot reads the distribution and then the keyring: a key is in the keyring before the
// distribution sends it, and until it no longer does.
func (o *observer) snapshot(ctx context.Context) error {
	got, err := o.cloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String(o.distribution)})
	if err != nil {
		return fmt.Errorf("read the distribution: %w", err)
	}
	now := snapshot{deployed: aws.ToString(got.Distribution.Status) == "Deployed"}
	sent := map[string]string{} // by the origin's ID
	for _, origin := range got.Distribution.DistributionConfig.Origins.Items {
		if origin.CustomHeaders == nil {
			continue
		}
		for _, header := range origin.CustomHeaders.Items {
			if strings.EqualFold(aws.ToString(header.HeaderName), o.header) {
				now.header = aws.ToString(header.HeaderValue)
				sent[aws.ToString(origin.Id)] = now.header
			}
		}
	}
	if streamed, ok := sent["stream"]; ok && streamed != sent["api"] {
		return errors.New("the distribution has different keys for its two APIs")
	}
	if now.keyring, err = o.keyring(ctx); err != nil {
		return err
	}
	now.at = time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen.add(now)
	return nil
}

// read calls f with the timeline while it grows.
func (o *observer) read(f func(*timeline)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f(&o.seen)
}

// await waits until the timeline is as wanted. The error says what was awaited.
func (o *observer) await(ctx context.Context, limit time.Duration, what string, wanted func(*timeline) bool) error {
	for deadline := time.Now().Add(limit); ; {
		done := false
		o.read(func(t *timeline) { done = wanted(t) })
		if done {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: not within %s", what, limit)
		}
		if err := pause(ctx, pollInterval); err != nil {
			return err
		}
	}
}

// keyringBelow returns a function that reads the keyring below a path, oldest key first.
func keyringBelow(client *ssm.Client, path string) func(context.Context) ([]key, error) {
	return func(ctx context.Context) ([]key, error) {
		var keys []key
		pages := ssm.NewGetParametersByPathPaginator(client, &ssm.GetParametersByPathInput{
			Path: aws.String(path), WithDecryption: aws.Bool(true),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("read the keyring: %w", err)
			}
			for _, p := range page.Parameters {
				keys = append(keys, key{strings.TrimPrefix(aws.ToString(p.Name), path+"/"), aws.ToString(p.Value)})
			}
		}
		slices.SortFunc(keys, func(a, b key) int { return strings.Compare(a.name, b.name) })
		return keys, nil
	}
}

// pause waits for d, or returns the reason why ctx ended.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
