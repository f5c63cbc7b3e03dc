package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/restore"
)

// baselineRotations are enough to meet the cache at every age.
const baselineRotations = 15

// baseline measures the algorithm that ours replaces: one value in one parameter;
// a rotation changes it at CloudFront first and in Parameter Store then; API Gateway
// remembers an authorization for the same time as in the stack, so that the same
// traffic can be compared. Nothing is killed and no call fails.
//
// It runs after ours and not beside it, because the two ports lead to the newest
// distribution and API where a request names none.
func (t *test) baseline(ctx context.Context, s *progress.Step) (m loaded, err error) {
	// The rotator's ticks would ask the baseline's API about our keys.
	var made restore.Changes
	defer func() { err = errors.Join(err, made.RevertAll(ctx)) }()
	if err := t.suspendSchedules(ctx, &made); err != nil {
		return m, err
	}
	b, err := t.buildBaseline(ctx, s, &made)
	if err != nil {
		return m, err
	}
	if err := b.front.answers(ctx); err != nil {
		return m, fmt.Errorf("the baseline is broken before its first rotation, so there is nothing to compare with: %w", err)
	}
	began := time.Now()
	m.observer = &observer{
		cloudFront: t.account.cloudFront, distribution: b.distributionID, header: t.header, ring: t.onlyValue(b.parameter),
	}
	if err := m.observer.start(ctx); err != nil {
		return m, err
	}
	traffic := startTraffic(ctx, b.front)
	for i, wait := range evenly(baselineRotations, b.ttl) {
		s.Doing("%d of %d rotations", i, baselineRotations)
		if err = pause(ctx, wait); err != nil {
			break
		}
		m.asked++
		if err = errors.Join(t.setSomeFleet(ctx), b.rotate(ctx)); err != nil {
			break
		}
	}
	if err == nil {
		err = pause(ctx, b.ttl) // refusals are remembered that long
	}
	m.statistics = traffic.end()
	err = errors.Join(err, m.observer.end())
	m.took = time.Since(began)
	m.observer.read(func(seen *timeline) {
		m.rotations, m.mismatch, m.largest = seen.rotations(), seen.mismatch, seen.largest
	})
	return m, err
}

// evenly returns count times, in a random order, that are spread evenly over a
// cache's time to live: what a rotation meets depends on the age of what is cached,
// and a schedule of hours knows nothing of that age.
func evenly(count int, ttl time.Duration) []time.Duration {
	all := make([]time.Duration, count)
	for i, at := range rand.Perm(count) {
		all[at] = ttl/2 + ttl*time.Duration(2*i+1)/time.Duration(2*count)
	}
	return all
}

// rotate runs the baseline's rotator.
func (b baseline) rotate(ctx context.Context) error {
	event, err := json.Marshal(map[string]string{"distributionId": b.distributionID, "header": b.header, "parameter": b.parameter})
	if err != nil {
		return err
	}
	if _, err := b.rotator.invoke(ctx, event); err != nil {
		return fmt.Errorf("the baseline's rotator: %w", err)
	}
	return nil
}

// onlyValue reads a parameter as a ring of one key, named after its version.
func (t *test) onlyValue(parameter string) func(context.Context) ([]key, error) {
	return func(ctx context.Context) ([]key, error) {
		got, err := t.account.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: &parameter, WithDecryption: aws.Bool(true)})
		if err != nil {
			return nil, fmt.Errorf("look at the baseline's parameter: %w", err)
		}
		return []key{{fmt.Sprintf("version %d", got.Parameter.Version), aws.ToString(got.Parameter.Value)}}, nil
	}
}
