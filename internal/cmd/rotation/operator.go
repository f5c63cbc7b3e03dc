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
)

// busyPause is how long to wait for another run of the rotator, of which there is
// only one at a time.
const busyPause = 5 * time.Second

// invoker runs a function: a [lambda.Client].
type invoker interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// operator asks the rotator for what people want of it.
type operator struct {
	api   invoker
	stack outputs
	out   io.Writer
}

// answer is the rotator's to rotate and revoke.
type answer struct {
	Through string
	Steps   []struct {
		Action string
		Keys   []string
		Reason string
	}
	Done    bool
	Left    string
	AgainIn string
}

// request asks until it is done, and says how it goes.
func (o operator) request(ctx context.Context, action, through string) error {
	for {
		var got answer
		if err := o.invoke(ctx, action, through, &got); err != nil {
			return resumable(err, action, through)
		}
		through = got.Through
		for _, step := range got.Steps {
			o.sayf("%s %s: %s", step.Action, strings.Join(step.Keys, ", "), step.Reason)
		}
		if got.Done {
			o.sayf("%s is done; %s", action, got.Left)
			return nil
		}
		pause, err := time.ParseDuration(got.AgainIn)
		if err != nil || pause <= 0 {
			return resumable(fmt.Errorf("the rotator does not say when to ask again: %s", got.Left), action, through)
		}
		o.sayf("in %s: %s", pause, got.Left)
		if err := sleep(ctx, pause); err != nil {
			return resumable(err, action, through)
		}
	}
}

// resumable says how to go on with a request that was begun.
func resumable(err error, action, through string) error {
	if through == "" {
		return err
	}
	return fmt.Errorf("%w\n%s is not done; go on with: -through %s %s", err, action, through, action)
}

// status prints how the rotation stands.
func (o operator) status(ctx context.Context) error {
	var got struct {
		Keys []struct {
			Name, Age string
			InUse     bool
		}
		Header       string
		Deployed     bool
		ModifiedAgo  string
		DeployingFor string
		Next         struct{ Action, Reason, AgainIn string }
	}
	if err := o.invoke(ctx, "status", "", &got); err != nil {
		return err
	}
	table := tabwriter.NewWriter(o.out, 0, 0, 3, ' ', 0)
	row := func(columns ...string) { _, _ = fmt.Fprintln(table, strings.Join(columns, "\t")) }
	row("KEY", "AGE", "")
	for _, key := range got.Keys {
		use := ""
		if key.InUse {
			use = "in use"
		}
		row(key.Name, key.Age, use)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	deployed := "deployed everywhere"
	if !got.Deployed {
		deployed = "being deployed for " + got.DeployingFor
	}
	o.sayf("CloudFront sends %s; changed %s ago, %s.", got.Header, got.ModifiedAgo, deployed)
	o.sayf("Next: %s, because %s.", got.Next.Action, got.Next.Reason)
	if got.Next.AgainIn != "" {
		o.sayf("Something else can follow in %s.", got.Next.AgainIn)
	}
	return nil
}

// invoke runs the rotator and reads its answer. A rotator that is busy is asked
// again.
func (o operator) invoke(ctx context.Context, action, through string, answer any) error {
	event, err := o.stack.event(action, through)
	if err != nil {
		return err
	}
	for {
		out, err := o.api.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(o.stack.RotatorName), Payload: event})
		var busy *types.TooManyRequestsException
		if errors.As(err, &busy) {
			o.sayf("the rotator is busy with another run; asking again in %s", busyPause)
			if err := sleep(ctx, busyPause); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("invoke %s: %w", o.stack.RotatorName, err)
		}
		return read(out, o.stack.RotatorName, answer)
	}
}

func read(out *lambda.InvokeOutput, rotator string, answer any) error {
	if out.FunctionError != nil {
		var failure struct{ ErrorMessage string }
		if err := json.Unmarshal(out.Payload, &failure); err != nil || failure.ErrorMessage == "" {
			failure.ErrorMessage = *out.FunctionError
		}
		return fmt.Errorf("%s failed: %s", rotator, failure.ErrorMessage)
	}
	if err := json.Unmarshal(out.Payload, answer); err != nil {
		return fmt.Errorf("the answer of %s is none that this command knows: %w", rotator, err)
	}
	return nil
}

func (o operator) sayf(format string, args ...any) {
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
