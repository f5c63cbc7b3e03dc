package rotation

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// tick is the shortest rate of EventBridge Scheduler.
const tick = time.Minute

// TestSchedule waits under traffic, without invoking the rotator, until another key is
// published.
func TestSchedule(t *testing.T) {
	s := attach(t)
	e2etest.Deploy(t, s.env, map[string]any{"gatehouse:rotationInterval": "2m"})
	times, err := s.times(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	limit := times.interval + 2*tick + times.settle
	t.Logf("waiting at most %s for the schedule", limit)
	m, err := s.measure(t.Context(), func(o *observer) error {
		return o.await(t.Context(), limit, "a rotation by the schedule alone", func(seen *timeline) bool {
			return seen.rotations() > 0 && seen.last.deployed
		})
	})
	m.log(t)
	if err := errors.Join(err, m.failed()); err != nil {
		t.Error(err)
	}
	s.verifyCalls(t)
}

// suspendSchedules disables the rotator's schedules until the test ends.
func (s *suite) suspendSchedules(t testing.TB) {
	t.Helper()
	client := s.account.scheduler
	pages := scheduler.NewListSchedulesPaginator(client, &scheduler.ListSchedulesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range page.Schedules {
			got, err := client.GetSchedule(t.Context(), &scheduler.GetScheduleInput{Name: one.Name, GroupName: one.GroupName})
			if err != nil {
				t.Fatal(err)
			}
			set := func(ctx context.Context, state types.ScheduleState) error {
				_, err := client.UpdateSchedule(ctx, &scheduler.UpdateScheduleInput{
					Name: got.Name, GroupName: got.GroupName, Description: got.Description, State: state,
					ScheduleExpression: got.ScheduleExpression, ScheduleExpressionTimezone: got.ScheduleExpressionTimezone,
					FlexibleTimeWindow: got.FlexibleTimeWindow, Target: got.Target,
					StartDate: got.StartDate, EndDate: got.EndDate, KmsKeyArn: got.KmsKeyArn,
					ActionAfterCompletion: got.ActionAfterCompletion,
				})
				return err
			}
			e2etest.Cleanup(t, "restore the schedule "+aws.ToString(got.Name), func(ctx context.Context) error { return set(ctx, got.State) })
			if err := set(t.Context(), types.ScheduleStateDisabled); err != nil {
				t.Fatal(err)
			}
		}
	}
}
