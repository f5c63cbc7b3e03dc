package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/gatehouse-iac/gatehouse/internal/awsjson"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientadmin"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/dynamo"
	"github.com/gatehouse-iac/gatehouse/internal/price"
)

const clientUsage = `usage: pulumi stack output --json | gatehouse client create|set -name CLIENT [-budget AMOUNT] [-rpm N]
               [-parallel N] [-models IDS] [-inference true|false] [-expires END] [-yes]
       pulumi stack output --json | gatehouse client key -name CLIENT [-expires END]
       pulumi stack output --json | gatehouse client list [-json]
       pulumi stack output --json | gatehouse client show -name CLIENT [-json]
       pulumi stack output --json | gatehouse client usage -name CLIENT [-days N] [-json]
       pulumi stack output --json | gatehouse client suspend|resume -name CLIENT [-yes]
       pulumi stack output --json | gatehouse client revoke -name CLIENT [-key ID] [-yes]
       pulumi stack output --json | gatehouse client delete -name CLIENT [-force] [-yes]
       pulumi stack output --json | gatehouse client map|unmap -name CLIENT -issuer NAME -claim CLAIM -value VALUE [-yes]

  create    make a client; it has no key yet
  key       make a key of a client, and print it alone on standard output, once
  list      show all clients, and the largest bill that a month can bring
  show      show a client's limits, what is used and held of them, and its keys
  usage     show a client's requests, tokens and costs by day and model
  set       change a client's limits: those that are given
  suspend   refuse a client's requests, until resume; its keys stay
  resume    end a suspension
  revoke    end a key, or without -key all keys of a client; when it returns, no request with them is admitted
  delete    delete a client that has no keys, or with -force with its keys
  map       take an identity provider's tokens with a claim of this value for a client's
  unmap     end what map began

  -budget AMOUNT   50usd/month, 2.50usd/day, 100000tokens/day, 5usd/once, or none
  -rpm N           requests admitted in a minute (default 60)
  -parallel N      requests under way at the same time (default 10)
  -models IDS      the models allowed, with commas between them, or all (default all)
  -inference       whether the private route is allowed (default false)
  -expires END     90d, 12h, 2027-01-31 (the whole UTC day) or never (default never)
  -key ID          the public id of a key, 8 characters; never the key
  -days N          how many days, with today (default 31)
  -yes             don't ask before requests are refused
  -force           with its keys
  -json            for programs`

// clientCommand is one subcommand of `gatehouse client` with its flags.
type clientCommand struct {
	console
	admin clientadmin.Admin
	store clientstore.Store
	name  string
	given map[string]string // flags with a value, as given
	is    map[string]bool   // flags without one
}

// clientSubcommand describes a subcommand.
type clientSubcommand struct {
	values   []string // flags with a value, beside -name
	switches []string
	allNames bool // it is about all clients, without -name
	run      func(*clientCommand, context.Context) error
}

// The flags without a value.
const (
	yesFlag   = "yes"
	forceFlag = "force"
	jsonFlag  = "json"

	nameFlag = "name"
	daysFlag = "days"
)

var clientSubcommands = map[string]clientSubcommand{
	"create":  {values: clientadmin.PolicyFlags(), switches: []string{yesFlag}, run: (*clientCommand).create},
	"set":     {values: clientadmin.PolicyFlags(), switches: []string{yesFlag}, run: (*clientCommand).set},
	"key":     {values: []string{clientadmin.ExpiresFlag}, run: (*clientCommand).key},
	"list":    {switches: []string{jsonFlag}, allNames: true, run: (*clientCommand).list},
	"show":    {switches: []string{jsonFlag}, run: (*clientCommand).show},
	"usage":   {values: []string{daysFlag}, switches: []string{jsonFlag}, run: (*clientCommand).usage},
	"suspend": {switches: []string{yesFlag}, run: (*clientCommand).suspend},
	"resume":  {switches: []string{yesFlag}, run: (*clientCommand).resume},
	"revoke":  {values: []string{clientadmin.KeyFlag}, switches: []string{yesFlag}, run: (*clientCommand).revoke},
	"delete":  {switches: []string{yesFlag, forceFlag}, run: (*clientCommand).delete},
	"map":     {values: subjectFlags, switches: []string{yesFlag}, run: (*clientCommand).mapSubject},
	"unmap":   {values: subjectFlags, switches: []string{yesFlag}, run: (*clientCommand).unmapSubject},
}

var subjectFlags = []string{clientadmin.IssuerFlag, clientadmin.ClaimFlag, clientadmin.ValueFlag}

// runClient runs a subcommand of `gatehouse client`.
func runClient(ctx context.Context, args []string, c console) error {
	if err := refuseCredentials(args); err != nil {
		return err
	}
	if len(args) == 0 {
		return errors.New(clientUsage)
	}
	sub, known := clientSubcommands[args[0]]
	if !known {
		names := strings.Join(slices.Sorted(maps.Keys(clientSubcommands)), ", ")
		return fmt.Errorf("client: unknown subcommand %q; want one of %s\n%s", args[0], names, clientUsage)
	}
	command := &clientCommand{console: c}
	if err := command.parse(args[0], sub, args[1:]); err != nil {
		return fmt.Errorf("client %s: %w", args[0], err)
	}
	if err := command.open(ctx); err != nil {
		return err
	}
	return sub.run(command, ctx)
}

// refuseCredentials refuses arguments with a credential, without repeating it.
func refuseCredentials(args []string) error {
	text := strings.Join(args, " ")
	if !credential.IsIn(text) {
		return nil
	}
	advice := "commands take the public id of a key, of 8 characters, which `show` lists. " +
		"The key is in your shell's history now, and was visible to other programs: revoke it"
	if key, found := credential.Find(text); found {
		return fmt.Errorf("client: an argument has a whole key, which isn't repeated here; %s. Its id is %s: "+
			"make client-revoke NAME=… KEY=%[2]s, or gatehouse client revoke -name … -key %[2]s", advice, key.Digest().ID())
	}
	return fmt.Errorf("client: an argument has a part of a key, or a mistyped one, which isn't repeated here; %s", advice)
}

// parse reads the flags of a subcommand.
func (c *clientCommand) parse(name string, sub clientSubcommand, args []string) error {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	if !sub.allNames {
		flags.String(nameFlag, "", "")
	}
	for _, value := range sub.values {
		flags.String(value, "", "")
	}
	for _, name := range sub.switches {
		flags.Bool(name, false, "")
	}
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w\n%s", err, clientUsage)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected arguments %q\n%s", flags.Args(), clientUsage)
	}
	c.given, c.is = map[string]string{}, map[string]bool{}
	flags.Visit(func(f *flag.Flag) {
		if slices.Contains(sub.switches, f.Name) {
			c.is[f.Name] = f.Value.String() == "true"
			return
		}
		c.given[f.Name] = f.Value.String()
	})
	c.name = c.given[nameFlag]
	if sub.allNames {
		return nil
	}
	if err := client.CheckName(c.name); err != nil {
		return fmt.Errorf("-%s is required: %w", nameFlag, err)
	}
	return nil
}

// clientOutputs are the stack's outputs that lead to its table of clients.
type clientOutputs struct {
	Table   string `json:"clientsTable"`
	Ceiling string `json:"clientBudgetCeiling"` // dollars a month
}

func readClientOutputs(in io.Reader) (o clientOutputs, ceiling *price.Amount, err error) {
	if err := json.NewDecoder(in).Decode(&o); err != nil {
		return o, nil, fmt.Errorf("read the stack's outputs from standard input, as `pulumi stack output --json` writes them: %w", err)
	}
	if o.Table == "" {
		return o, nil, errors.New("the stack has no table of clients: its outputs lack clientsTable. " +
			"Set gatehouse:clientAccess to keys (or migrating), and run `pulumi up`")
	}
	if o.Ceiling == "" {
		return o, nil, nil
	}
	amount, err := price.ParseAmount(o.Ceiling)
	if err != nil {
		return o, nil, fmt.Errorf("the stack's output clientBudgetCeiling is %q: %w", o.Ceiling, err)
	}
	return o, &amount, nil
}

// open connects to the stack's table, with the region and credentials of the environment.
func (c *clientCommand) open(ctx context.Context) error {
	outputs, ceiling, err := readClientOutputs(c.in)
	if err != nil {
		return err
	}
	sdk, err := loadConfig(ctx)
	if err != nil {
		return err
	}
	table := openTable(sdk, outputs.Table)
	confirm := func(p clientadmin.Plan) error { return c.confirmPlan(ctx, p) }
	c.admin = clientadmin.Admin{Table: table, Now: c.now, Ceiling: ceiling, Confirm: confirm}
	c.store = clientstore.Store{Table: table}
	return nil
}

// openTable returns a table of clients.
func openTable(sdk aws.Config, name string) *dynamo.Client {
	return dynamo.New(dynamo.Config{
		Endpoint:    awsjson.Endpoint(os.Getenv, "dynamodb", sdk.Region),
		Region:      sdk.Region,
		Table:       name,
		Credentials: sdk.Credentials.Retrieve,

		// Pages of a scan are 1 MB, and an operator's connection may be slow.
		AttemptTimeout: 10 * time.Second,
		MaxAttempts:    4,
		MaxBackoff:     time.Second,
	})
}

// confirmPlan asks before a plan that makes requests fail.
func (c *clientCommand) confirmPlan(ctx context.Context, plan clientadmin.Plan) error {
	if c.is[yesFlag] {
		return nil
	}
	return c.confirm(ctx, fmt.Sprintf("client %s: %s", plan.Client, strings.Join(plan.Effects, "; ")))
}

func (c *clientCommand) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(c.out, format+"\n", args...)
}

// printJSON writes a result for programs.
func (c *clientCommand) printJSON(result any) error {
	encoder := json.NewEncoder(c.out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}

// hint names a command in both of its forms.
func hint(target, variables, command string) string {
	return strings.TrimSpace(fmt.Sprintf("make client-%s %s", target, variables)) + ", or gatehouse client " + cmp.Or(command, target)
}
