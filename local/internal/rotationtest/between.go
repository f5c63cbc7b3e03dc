package rotationtest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"

	"github.com/gatehouse-iac/gatehouse/local/internal/controls"
	"github.com/gatehouse-iac/gatehouse/local/internal/progress"
	"github.com/gatehouse-iac/gatehouse/local/internal/pulumi"
)

const foreignComment = "changed by hand"

// upInBetween rotates, changes something else of the distribution by hand, and
// deploys with the real engine, which puts that back, under traffic.
func (t *test) upInBetween(ctx context.Context, s *progress.Step) error {
	if err := t.cloud.SetFleet(ctx, controls.Fleet{DeploySeconds: 4, Edges: edges}); err != nil {
		return err
	}
	o := t.newObserver()
	if err := o.start(ctx); err != nil {
		return err
	}
	traffic := startTraffic(ctx, t.front())
	changes, header, err := t.rotateAndDeploy(ctx, s)
	var preview string
	if err == nil {
		preview, err = t.stack.Preview(ctx, func(text string) { s.Doing("%s", text) })
	}
	sum := traffic.end()
	err = errors.Join(err, o.end(), failed(sum, o))
	if err != nil {
		return err
	}
	s.Note("%s, header %s, preview: %s, %d requests", changes, header, preview, sum.requests)
	if preview != pulumi.NoChange {
		return fmt.Errorf("the preview after `up` shows %q instead of %q", preview, pulumi.NoChange)
	}
	o.read(func(seen *timeline) { err = seen.forward() })
	return err
}

// rotateAndDeploy returns what `up` changed and what became of the header.
func (t *test) rotateAndDeploy(ctx context.Context, s *progress.Step) (changes, header string, err error) {
	s.Doing("rotating")
	if err := t.rotateOnce(ctx); err != nil {
		return "", "", err
	}
	comment, before, err := t.comment(ctx)
	if err != nil {
		return "", "", err
	}
	if err := t.setComment(ctx, foreignComment); err != nil {
		return "", "", err
	}
	if changes, err = t.stack.Up(ctx, func(text string) { s.Doing("up: %s", text) }); err != nil {
		return "", "", err
	}
	now, after, err := t.comment(ctx)
	switch {
	case err != nil:
		return "", "", err
	case now != comment:
		return "", "", fmt.Errorf("`up` did not put back the distribution's comment: it is %q instead of %q", now, comment)
	case after == before:
		return changes, "unchanged", nil
	}
	return changes, "newer", nil
}

// rotateOnce brings another key into use.
func (t *test) rotateOnce(ctx context.Context) error {
	const limit = 2 * time.Minute
	through := ""
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); {
		a, err := t.rotator.do(ctx, "rotate", through)
		if err == nil && a.Done {
			return nil
		}
		if err != nil && !errors.Is(err, errThrottled) {
			return fmt.Errorf("rotate: %w", err)
		}
		if err == nil {
			through = a.Through
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
	return fmt.Errorf("rotate: not done within %s", limit)
}

// comment returns the distribution's comment, and the header's value.
func (t *test) comment(ctx context.Context) (comment, header string, err error) {
	got, err := t.account.cloudFront.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &t.distributionID})
	if err != nil {
		return "", "", err
	}
	for _, origin := range got.DistributionConfig.Origins.Items {
		for _, h := range origin.CustomHeaders.Items {
			header = aws.ToString(h.HeaderValue)
		}
	}
	return aws.ToString(got.DistributionConfig.Comment), header, nil
}

func (t *test) setComment(ctx context.Context, comment string) error {
	got, err := t.account.cloudFront.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &t.distributionID})
	if err != nil {
		return err
	}
	got.DistributionConfig.Comment = &comment
	_, err = t.account.cloudFront.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{
		Id: &t.distributionID, IfMatch: got.ETag, DistributionConfig: got.DistributionConfig,
	})
	return err
}
