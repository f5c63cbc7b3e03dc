// Package rotatorclient invokes the rotator of a stack for an operator: it rotates and revokes
// origin keys, and reads the status of the rotation.
package rotatorclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/rotatorapi"
)

// busyBackoff is the time to wait for another run of the rotator, of which there is only
// one at a time.
const busyBackoff = 5 * time.Second

// Invoker invokes a function: a [lambda.Client].
type Invoker interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// Client invokes the rotator of a stack.
type Client struct {
	API   Invoker
	Stack Outputs
	Out   io.Writer // for the progress of a request
}

// Outputs are the stack's outputs that lead to its rotator.
type Outputs struct {
	RotatorName   string `json:"rotatorName"`
	RotationEvent string `json:"rotationEvent"` // JSON in a string
}

// ReadOutputs reads the outputs as `pulumi stack output --json` writes them.
func ReadOutputs(in io.Reader) (Outputs, error) {
	var o Outputs
	if err := json.NewDecoder(in).Decode(&o); err != nil {
		return Outputs{}, fmt.Errorf("read the stack's outputs from standard input, as `pulumi stack output --json` writes them: %w", err)
	}
	if o.RotatorName == "" || o.RotationEvent == "" {
		return Outputs{}, errors.New("the stack's outputs lack rotatorName or rotationEvent: run `pulumi up`")
	}
	return o, nil
}

// event returns the schedule's event with another action.
func (o Outputs) event(action rotatorapi.Action, through keyring.Name) ([]byte, error) {
	var event *rotatorapi.Event
	if err := json.Unmarshal([]byte(o.RotationEvent), &event); err != nil || event == nil {
		return nil, errors.New("the stack's output rotationEvent is no JSON object: run `pulumi up`")
	}
	event.Action, event.Through = action, through
	return json.Marshal(event)
}

// Request rotates or revokes: it invokes the rotator until that is done, and prints its
// progress. With through, it continues a request that was interrupted.
func (c Client) Request(ctx context.Context, action rotatorapi.Action, through keyring.Name) error {
	for {
		var result rotatorapi.Result
		if err := c.invoke(ctx, action, through, &result); err != nil {
			return resumable(err, action, through)
		}
		through = result.Through
		for _, step := range result.Steps {
			c.printf("%s %s: %s", step.Action, joinNames(step.Keys), step.Reason)
		}
		if result.Done {
			c.printf("%s is done; %s", action, result.Next)
			return nil
		}
		delay, err := time.ParseDuration(result.RetryAfter)
		if err != nil || delay <= 0 {
			return resumable(fmt.Errorf("the rotator does not return when to retry: %s", result.Next), action, through)
		}
		c.printf("in %s: %s", delay, result.Next)
		if err := sleep(ctx, delay); err != nil {
			return resumable(err, action, through)
		}
	}
}

func joinNames(names []keyring.Name) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = string(name)
	}
	return strings.Join(all, ", ")
}

// resumable adds to an error how to continue a request that was begun.
func resumable(err error, action rotatorapi.Action, through keyring.Name) error {
	if through == "" {
		return err
	}
	return fmt.Errorf("%w\n%s is not done; continue with: make %s THROUGH=%s, or gatehouse %s -through %s", err, action, action, through, action, through)
}

// Status reads the status of the rotation.
func (c Client) Status(ctx context.Context) (status rotatorapi.Status, err error) {
	return status, c.invoke(ctx, rotatorapi.GetStatus, "", &status)
}

// invoke runs the rotator and reads its result. It retries while the rotator is busy.
func (c Client) invoke(ctx context.Context, action rotatorapi.Action, through keyring.Name, result any) error {
	event, err := c.Stack.event(action, through)
	if err != nil {
		return err
	}
	for {
		out, err := c.API.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(c.Stack.RotatorName), Payload: event})
		var busy *types.TooManyRequestsException
		if errors.As(err, &busy) {
			c.printf("the rotator is busy with another run; retrying in %s", busyBackoff)
			if err := sleep(ctx, busyBackoff); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("invoke %s: %w", c.Stack.RotatorName, err)
		}
		return readResult(out, c.Stack.RotatorName, result)
	}
}

func readResult(out *lambda.InvokeOutput, rotator string, result any) error {
	if out.FunctionError != nil {
		var failure struct{ ErrorMessage string }
		if err := json.Unmarshal(out.Payload, &failure); err != nil || failure.ErrorMessage == "" {
			failure.ErrorMessage = *out.FunctionError
		}
		return fmt.Errorf("%s failed: %s", rotator, failure.ErrorMessage)
	}
	if err := json.Unmarshal(out.Payload, result); err != nil {
		return fmt.Errorf("%s returned a result of an unknown form: %w", rotator, err)
	}
	return nil
}

func (c Client) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(c.Out, format+"\n", args...)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
