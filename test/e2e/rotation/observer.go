package rotation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// lookPause is how often an observer looks, and so how exact its times are.
const lookPause = 150 * time.Millisecond

// observer looks at a distribution and at what its API accepts, with the account's
// own credentials, and keeps what it saw in a timeline.
type observer struct {
	cloudFront   *cloudfront.Client
	distribution string
	header       string
	ring         func(context.Context) ([]key, error)

	mu   sync.Mutex
	seen timeline

	stop  context.CancelFunc
	ended sync.WaitGroup
	err   error
}

// start looks once, and then goes on looking until end.
func (o *observer) start(ctx context.Context) error {
	ctx, o.stop = context.WithCancel(ctx)
	if err := o.look(ctx); err != nil {
		o.stop()
		return err
	}
	o.ended.Go(func() {
		for pause(ctx, lookPause) == nil {
			if err := o.look(ctx); err != nil && ctx.Err() == nil {
				o.err = err
				return
			}
		}
	})
	return nil
}

// end stops looking. It fails if the observer was blind at the end: then its
// figures prove nothing.
func (o *observer) end() error {
	o.stop()
	o.ended.Wait()
	return o.err
}

// look looks at the distribution and then at the ring: a key is in the ring before
// the distribution sends it and until it does not.
func (o *observer) look(ctx context.Context) error {
	got, err := o.cloudFront.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: aws.String(o.distribution)})
	if err != nil {
		return fmt.Errorf("look at the distribution: %w", err)
	}
	now := look{deployed: aws.ToString(got.Distribution.Status) == "Deployed"}
	for _, origin := range got.Distribution.DistributionConfig.Origins.Items {
		if origin.CustomHeaders == nil {
			continue
		}
		for _, header := range origin.CustomHeaders.Items {
			if strings.EqualFold(aws.ToString(header.HeaderName), o.header) {
				now.header = aws.ToString(header.HeaderValue)
			}
		}
	}
	if now.ring, err = o.ring(ctx); err != nil {
		return err
	}
	now.at = time.Now()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen.see(now)
	return nil
}

// read reads the timeline while it grows.
func (o *observer) read(f func(*timeline)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f(&o.seen)
}

// await waits until the timeline is as wanted.
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
		if err := pause(ctx, lookPause); err != nil {
			return err
		}
	}
}

// ringBelow reads a ring of parameters.
func ringBelow(client *ssm.Client, path string) func(context.Context) ([]key, error) {
	return func(ctx context.Context) ([]key, error) {
		var keys []key
		pages := ssm.NewGetParametersByPathPaginator(client, &ssm.GetParametersByPathInput{
			Path: aws.String(path), WithDecryption: aws.Bool(true),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("look at the key ring: %w", err)
			}
			for _, p := range page.Parameters {
				keys = append(keys, key{strings.TrimPrefix(aws.ToString(p.Name), path+"/"), aws.ToString(p.Value)})
			}
		}
		slices.SortFunc(keys, func(a, b key) int { return strings.Compare(a.name, b.name) })
		return keys, nil
	}
}

// pause waits, or returns why it did not.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
