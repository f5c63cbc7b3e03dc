package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/check"
	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// Rotator rotates the stack's origin key.
type Rotator interface {
	Status(ctx context.Context) (rotatorapi.Status, error)
	// Request rotates or revokes, and returns when that is done. With through, it continues
	// a request that was interrupted.
	Request(ctx context.Context, action rotatorapi.Action, through keyring.Name) error
}

// Alarms finds the stack's alarms.
type Alarms interface {
	// InAlarm returns the names of those that are in the state ALARM, and how many there are.
	InAlarm(ctx context.Context, prefix string) (names []string, all int, err error)
}

// Logs searches the stack's logs.
type Logs interface {
	// Has reports whether a log group has a line with a text, since a time.
	Has(ctx context.Context, group, text string, since time.Time) (bool, error)
}

// operation checks what an operator looks at.
func (s *Suite) operation() []check.Check {
	return []check.Check{
		s.withRotator(check.Check{Name: "the origin key's rotation", Want: "a key of the keyring is in use", Section: "rotation-not-deployed", Run: s.status}),
		s.alarms(), s.logs(),
	}
}

func (s *Suite) withRotator(c check.Check) check.Check {
	if s.Rotator == nil {
		c.LeftOut = "without access to the rotator"
	}
	return c
}

func (s *Suite) status(ctx context.Context) (string, error) {
	status, err := s.Rotator.Status(ctx)
	if err != nil {
		return "", err
	}
	return describeStatus(status)
}

func describeStatus(status rotatorapi.Status) (string, error) {
	deployed := "deployed"
	if !status.Deployed {
		deployed = "being deployed for " + status.DeployingFor
	}
	for _, key := range status.Keys {
		if key.InUse {
			return fmt.Sprintf("%d in the keyring; that in use is %s old, %s", len(status.Keys), key.Age, deployed), nil
		}
	}
	return "", fmt.Errorf("CloudFront sends %s, and none of %d keys of the keyring", status.Header, len(status.Keys))
}

// AlarmsCheck is the name of the check that no alarm is in the state ALARM.
const AlarmsCheck = "alarms"

func (s *Suite) alarms() check.Check {
	c := check.Check{Name: AlarmsCheck, Want: "none in ALARM", Section: "the-first-look", Run: func(ctx context.Context) (string, error) {
		names, all, err := s.Alarms.InAlarm(ctx, s.Outputs.NamePrefix+"-")
		switch {
		case err != nil:
			return "", err
		case all == 0:
			return "", errors.New("the stack has no alarms")
		case len(names) > 0:
			return "", errors.New(strings.Join(names, ", "))
		}
		return fmt.Sprintf("none of %d", all), nil
	}}
	if s.Alarms == nil {
		c.LeftOut = "without access to CloudWatch"
	}
	return c
}

// DefaultLogTimeout is far above the time that a line needs until it can be found in CloudWatch
// Logs, which is some seconds.
const DefaultLogTimeout = time.Minute

// logInterval is the time between searches.
const logInterval = 2 * time.Second

// logs checks that the log of the function has a request, by its id.
func (s *Suite) logs() check.Check {
	began := time.Now()
	c := check.Check{Name: "the request in the log, by its id", Want: "found", Section: "the-first-look", Run: func(ctx context.Context) (string, error) {
		if s.logged == "" {
			return "", errors.New("no request had an id")
		}
		ctx, cancel := context.WithTimeout(ctx, s.LogTimeout)
		defer cancel()
		group := "/aws/lambda/" + s.Outputs.NamePrefix + "-model"
		for {
			found, err := s.Logs.Has(ctx, group, s.logged, began)
			if found || err != nil {
				return "", err
			}
			select {
			case <-ctx.Done():
				return "", fmt.Errorf("%s has nothing of %s after %s", group, s.logged, s.LogTimeout)
			case <-time.After(logInterval):
			}
		}
	}}
	if s.Logs == nil {
		c.LeftOut = "without access to CloudWatch Logs"
	}
	return c
}
