package bench

import (
	"fmt"
	"slices"
	"strings"
)

// Part is a part of the benchmark that can be measured by itself.
type Part struct {
	Name  string
	Title string
	About string // how it is measured: a paragraph of the document

	// OnRequest parts are measured only when they are named.
	OnRequest bool

	NeedsStack bool // the local one, running
}

// command returns the command that repeats a part's figures.
func (p Part) command() string { return "make bench PART=" + p.Name }

// The names of the parts.
const (
	AuthorizerPart = "authorizer"
	PathPart       = "path"
	StreamPart     = "stream"
	ClientsPart    = "clients"
	RotationPart   = "rotation"
	ProgramPart    = "program"
	TestsPart      = "tests"
	CostPart       = "cost"
	ColdPart       = "cold"
	LoadPart       = "load"
)

// Parts are all parts, in the document's order.
var Parts = []Part{
	{Name: AuthorizerPart, Title: "Authorizer", About: "" +
		"The binaries as they are deployed, each a process of its own below a local Lambda Runtime API, started and invoked in turns. " +
		"*Hello* is a function in Go that returns \"hello\" and does nothing else, not even log; *Python* is an authorizer as it is " +
		"usually written, which reads Parameter Store for each event and compares with `==`, on Lambda's own runtime interface client. " +
		"Parameter Store is a server on the same machine that responds at once. Most of what an event takes longer than *hello*'s is " +
		"reading it, which *hello* does not do; the rest is the line in the log."},
	{Name: PathPart, Title: "Path", NeedsStack: true, About: "" +
		"Requests through the local CloudFront, API and Lambda to a function that returns \"hello\", so that nothing hides what an " +
		"authorizer adds. The four variants are routes of one API behind one copy of the stack's distribution and get their requests " +
		"in turns, one at a time for the times, from four connections for the rates. *Cached* is a decision that API Gateway " +
		"caches. What the network and AWS add to each is not in these figures: only the ratios say something about AWS."},
	{Name: StreamPart, Title: "Stream", NeedsStack: true, About: "" +
		"Streams of the local stack as it is, beside the sandbox's Bedrock and the scripted model behind that asked directly, in turns and " +
		"on connections that are kept. *Since the model sent it* is the time that a first token takes to the viewer: the request says " +
		"when the scripted model sends it, and both have one clock. *Since the request* has the way of the request as well, and the 20 ms " +
		"after which the model sends the token. *After Bedrock's own* is the difference of the two quantiles. *Not streamed* is the same " +
		"answer as one piece of JSON. *Cold* is with no execution environment of the function, which then starts."},
	{Name: ClientsPart, Title: "Clients", NeedsStack: true, About: "" +
		"The function that serves the API, as it is deployed and with an open API: two copies beside each other, invoked with the same " +
		"request in turns. Each request of a client is admitted by a write to the emulated DynamoDB and settled by two at the same time; " +
		"on AWS each of them takes a few milliseconds instead."},
	{Name: RotationPart, Title: "Rotation", NeedsStack: true, About: "" +
		"First, rotations of the local stack's key under load: ours while rotators are killed and calls fail, beside *one value* in one " +
		"parameter that a rotation overwrites, undisturbed. Then our rotation with deployments of CloudFront that take a given time; " +
		"the rotator's own waits are shortened as `make local-rotation-test` says."},
	{Name: ProgramPart, Title: "Program", NeedsStack: true, About: "" +
		"The running local stack, with nothing to change, and everything built."},
	{Name: TestsPart, Title: "Tests", About: "" +
		"`make test` for the second time: Go's tests come out of its cache, those of the AWS server and of the edge function run again."},
	{Name: CostPart, Title: "Cost", About: "" +
		"List prices of the resources that the program declares, and of what is usually built for the same: the tables of " +
		"[costs.md](costs.md), which tests compute and `make docs` writes. *One value* is an authorizer that reads one parameter, *two " +
		"values* AWS's sample with a web ACL before a load balancer. *Let in* is the way to the API without what answers there."},
	{Name: ColdPart, Title: "Program, cold", OnRequest: true, About: "" +
		"Fresh clones, with empty caches of Go's modules, Go's compiler, pip and npm. *First response* is when the API had " +
		"responded to requests as it must, and *all checked* when all checks had passed, both since the start of `make local`. In another " +
		"clone only the tests run, with an empty build cache of its own. *Peak memory* is that of all processes at one moment, observed " +
		"each second, servers included and shared pages counted once; *of a process* that of the largest one. On 2026-11-21, when " +
		"everything was compiled before a single deployment, `make local` took 1 284 s, up to the first response and the last check; the " +
		"largest process had 4 285 MiB, and `make test` took 469 s although `make local` had compiled most of what it needs. Go's " +
		"modules were there then."},
	{Name: LoadPart, Title: "Load", OnRequest: true, NeedsStack: true, About: "" +
		"Streams of the sandbox's own client through the local stack, for ten seconds at each number of them at once, from one to 128. Each " +
		"begins when the one before it has ended. A response is a whole stream, or 429 or 503 as a problem document with `Retry-After`; " +
		"anything else is a failure, a response after 30 seconds among them. The client may have 40 requests at once, so that a part of those " +
		"beyond is refused however fast the machine is. *Memory* is that of the emulated AWS with all environments of functions that it runs, " +
		"after the last level and after the same one before it: what each request would leave there would show. The rates are " +
		"those of this machine and of an emulator, and say nothing about AWS: [scale.md](scale.md) does."},
}

// Choose returns the parts with these names, separated by commas; without names, all
// but those that are measured on request only.
func Choose(names string) ([]Part, error) {
	if names == "" {
		return slices.DeleteFunc(slices.Clone(Parts), func(p Part) bool { return p.OnRequest }), nil
	}
	var chosen []Part
	for _, name := range strings.Split(names, ",") {
		at := order(name)
		if at < 0 {
			var allowed []string
			for _, p := range Parts {
				allowed = append(allowed, p.Name)
			}
			return nil, fmt.Errorf("part %q; allowed: %s", name, strings.Join(allowed, ", "))
		}
		chosen = append(chosen, Parts[at])
	}
	return chosen, nil
}
