package rotation

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"github.com/gatehouse-iac/gatehouse/sandbox/progress"
	"github.com/gatehouse-iac/gatehouse/test/e2e/restore"
)

// tick is the least that EventBridge Scheduler knows.
const tick = time.Minute

// bySchedule waits, under traffic and without a call to the rotator, for another
// key to come into use.
func (t *test) bySchedule(ctx context.Context, s *progress.Step) error {
	times, err := t.times(ctx)
	if err != nil {
		return err
	}
	o := t.newObserver()
	if err := o.start(ctx); err != nil {
		return err
	}
	began := time.Now()
	traffic := startTraffic(ctx, t.front())
	limit := times.interval + 2*tick + times.settle
	s.Doing("waiting at most %s", limit)
	err = o.await(ctx, limit, "a rotation by the schedule alone", func(seen *timeline) bool {
		return seen.rotations() > 0 && seen.last.deployed
	})
	sum := traffic.end()
	s.Note("another key in use after %s, %d requests", time.Since(began).Round(time.Second), sum.requests)
	return errors.Join(err, o.end(), failed(sum, o))
}

// suspendSchedules switches the rotator's schedules off, and notes the change.
func (t *test) suspendSchedules(ctx context.Context, c *restore.Changes) error {
	pages := scheduler.NewListSchedulesPaginator(t.account.scheduler, &scheduler.ListSchedulesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, one := range page.Schedules {
			if err := t.suspend(ctx, c, one); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *test) suspend(ctx context.Context, c *restore.Changes, one types.ScheduleSummary) error {
	got, err := t.account.scheduler.GetSchedule(ctx, &scheduler.GetScheduleInput{Name: one.Name, GroupName: one.GroupName})
	if err != nil {
		return err
	}
	set := func(ctx context.Context, state types.ScheduleState) error {
		_, err := t.account.scheduler.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{
			Name: got.Name, GroupName: got.GroupName, Description: got.Description, State: state,
			ScheduleExpression: got.ScheduleExpression, ScheduleExpressionTimezone: got.ScheduleExpressionTimezone,
			FlexibleTimeWindow: got.FlexibleTimeWindow, Target: got.Target,
			StartDate: got.StartDate, EndDate: got.EndDate, KmsKeyArn: got.KmsKeyArn,
			ActionAfterCompletion: got.ActionAfterCompletion,
		})
		return err
	}
	c.Add("the schedule "+aws.ToString(got.Name), func(ctx context.Context) error { return set(ctx, got.State) })
	return set(ctx, types.ScheduleStateDisabled)
}
