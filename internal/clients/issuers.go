package clients

import (
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/alerting"
	"github.com/gatehouse-iac/gatehouse/internal/function"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
	"github.com/gatehouse-iac/gatehouse/internal/schedule"
	"github.com/gatehouse-iac/gatehouse/internal/token"
)

const (
	// issuersTick is the time between two reads of the issuers' keys. A key that an issuer
	// removes is refused after it and the minute for which functions remember keys.
	issuersTick = 10 * time.Minute

	// issuersTimeout covers a run: two requests of 5 seconds to each issuer, at the same
	// time, and 20 seconds in which a new role is denied.
	issuersTimeout = time.Minute
)

// newIssuers declares the function that reads the issuers' keys, its schedule and its
// alarm, and invokes it once for these issuers: so that their tokens are accepted at once,
// and so that the update fails if the keys of one can't be read.
func (c *Clients) newIssuers(ctx *pulumi.Context, name string, args *Args) error {
	variables := pulumi.ToStringMap(lambdaenv.Issuers{Issuers: args.Settings.Issuers}.Variables())
	variables[lambdaenv.ClientsTableVariable] = c.Access.TableName
	f, err := function.New(ctx, name, &function.Args{
		Deployment:  args.Deployment,
		Code:        "issuers",
		Description: "Reads the keys of the issuers of clients' tokens",
		Timeout:     int(issuersTimeout.Seconds()),
		Memory:      128,
		Environment: variables,
		Statements:  c.Access.issuerStatements(),
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	first, err := lambda.NewInvocation(ctx, name+"-first-keys", &lambda.InvocationArgs{
		FunctionName: f.Name,
		Input:        pulumi.String("{}"),
		Triggers:     pulumi.StringMap{"issuers": pulumi.String(token.JoinIssuers(args.Settings.Issuers))},
	}, pulumi.Parent(c))
	if err != nil {
		return err
	}
	_, err = schedule.New(ctx, name+"-schedule", &schedule.Args{
		Deployment:  args.Deployment,
		Parent:      c,
		Suffix:      "issuers",
		Name:        "read-keys",
		Description: "Reads the keys of the issuers of clients' tokens of " + args.Deployment.Name,
		Function:    f,
		Code:        "issuers",
		Sid:         "RunIssuers",
		Timeout:     issuersTimeout,
		Event:       pulumi.String("{}"),
		Every:       issuersTick,
		DependsOn:   []pulumi.Resource{first},
	})
	if err != nil {
		return err
	}
	return c.newAlarm(ctx, name, args.Notifier, f)
}

// newAlarm declares the alarm for issuers whose keys can't be read. One failed run of
// three is no reason yet: keys are trusted for a day.
func (c *Clients) newAlarm(ctx *pulumi.Context, name string, notifier *alerting.Notifier, f *function.Function) error {
	alarm := alerting.Alarm{
		Name:        "issuers-errors",
		Description: "The keys of an issuer of tokens can't be read. Its tokens are accepted by its last keys for 24 hours.",
		Metric: alerting.Metric{
			Namespace: "AWS/Lambda", Name: "Errors", Statistic: "Sum",
			Dimensions: pulumi.StringMap{"FunctionName": f.Name},
		},
		Period: issuersTick, Periods: 3, Breaching: 2,
	}
	c.Alarms = append(c.Alarms, alarm.Name)
	return notifier.NewAlarm(ctx, name+"-errors", alarm, pulumi.Parent(c))
}
