package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
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

// invoker invokes a function: a [lambda.Client].
type invoker interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// operator invokes the rotator of a stack for an operator.
type operator struct {
	api   invoker
	stack outputs
	out   io.Writer
}

// outputs are the stack's outputs that lead to its rotator.
type outputs struct {
	RotatorName   string `json:"rotatorName"`
	RotationEvent string `json:"rotationEvent"` // JSON in a string
}

func readOutputs(in io.Reader) (outputs, error) {
	var o outputs
	if err := json.NewDecoder(in).Decode(&o); err != nil {
		return outputs{}, fmt.Errorf("read the stack's outputs from standard input, as `pulumi stack output --json` writes them: %w", err)
	}
	if o.RotatorName == "" || o.RotationEvent == "" {
		return outputs{}, errors.New("the stack's outputs lack rotatorName or rotationEvent: run `pulumi up`")
	}
	return o, nil
}

// event returns the schedule's event with another action.
func (o outputs) event(action rotatorapi.Action, through keyring.Name) ([]byte, error) {
	var event *rotatorapi.Event
	if err := json.Unmarshal([]byte(o.RotationEvent), &event); err != nil || event == nil {
		return nil, errors.New("the stack's output rotationEvent is no JSON object: run `pulumi up`")
	}
	event.Action, event.Through = action, through
	return json.Marshal(event)
}

// request invokes the rotator until the request is done, and prints its progress.
func (o operator) request(ctx context.Context, action rotatorapi.Action, through keyring.Name) error {
	for {
		var result rotatorapi.Result
		if err := o.invoke(ctx, action, through, &result); err != nil {
			return resumable(err, action, through)
		}
		through = result.Through
		for _, step := range result.Steps {
			o.printf("%s %s: %s", step.Action, joinNames(step.Keys), step.Reason)
		}
		if result.Done {
			o.printf("%s is done; %s", action, result.Next)
			return nil
		}
		delay, err := time.ParseDuration(result.RetryAfter)
		if err != nil || delay <= 0 {
			return resumable(fmt.Errorf("the rotator does not return when to retry: %s", result.Next), action, through)
		}
		o.printf("in %s: %s", delay, result.Next)
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

// status prints the status of the rotation.
func (o operator) status(ctx context.Context) error {
	var status rotatorapi.Status
	if err := o.invoke(ctx, rotatorapi.GetStatus, "", &status); err != nil {
		return err
	}
	table := tabwriter.NewWriter(o.out, 0, 0, 3, ' ', 0)
	row := func(columns ...string) { _, _ = fmt.Fprintln(table, strings.Join(columns, "\t")) }
	row("KEY", "AGE", "")
	for _, key := range status.Keys {
		use := ""
		if key.InUse {
			use = "in use"
		}
		row(string(key.Name), key.Age, use)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	deployed := "deployed everywhere"
	if !status.Deployed {
		deployed = "being deployed for " + status.DeployingFor
	}
	o.printf("CloudFront sends %s; changed %s ago, %s.", status.Header, status.ModifiedAgo, deployed)
	for _, origin := range status.Origins {
		o.printf("To origin %s it sends %s.", origin.ID, strings.TrimSuffix(origin.Header+" ("+string(origin.Key)+")", " ()"))
	}
	o.printf("Next: %s, because %s.", status.Next.Action, status.Next.Reason)
	if status.Next.RetryAfter != "" {
		o.printf("Another step can follow in %s.", status.Next.RetryAfter)
	}
	return nil
}

// invoke runs the rotator and reads its result. It retries while the rotator is busy.
func (o operator) invoke(ctx context.Context, action rotatorapi.Action, through keyring.Name, result any) error {
	event, err := o.stack.event(action, through)
	if err != nil {
		return err
	}
	for {
		out, err := o.api.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(o.stack.RotatorName), Payload: event})
		var busy *types.TooManyRequestsException
		if errors.As(err, &busy) {
			o.printf("the rotator is busy with another run; retrying in %s", busyBackoff)
			if err := sleep(ctx, busyBackoff); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("invoke %s: %w", o.stack.RotatorName, err)
		}
		return readResult(out, o.stack.RotatorName, result)
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

func (o operator) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(o.out, format+"\n", args...)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
