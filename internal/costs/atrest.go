package costs

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// hours are the hours of a month.
const hours = 730

// The work of the program's own code at rest, which is no input of any resource.
const (
	rotatorMetrics = 8   // metrics of each run (internal/metrics)
	rotatorSeconds = 1.5 // duration of a run without a step to take
	rotatorReads   = 2   // SecureStrings that each run decrypts
	rotatorLog     = 2e3 // bytes of log of each run

	issuersSeconds = 1   // duration of a run, of two requests to each issuer
	issuersWrites  = 24  // write units of each run: those of a transaction count twice, and 4 KiB of keys an issuer
	issuersLog     = 1e3 // bytes of log of each run
)

// Item holds one line of a bill.
type Item struct {
	What     string
	Quantity float64
	Unit     string // of the quantity
	USD      float64
}

// free lists the types that cost nothing at rest. What they cost in use is counted with
// the requests, or depends on the data they hold.
var free = []string{
	"aws:apigateway/", "aws:apigatewayv2/", "aws:cloudfront/", "aws:cloudwatch/logDelivery", "aws:cloudwatch/logGroup:", "aws:cloudwatch/logMetricFilter:",
	"aws:cloudwatch/logResourcePolicy:", "aws:cloudwatch/queryDefinition:",
	"aws:dynamodb/table:", "aws:dynamodb/tableItem:", // on demand; kilobytes of clients and their backups cost nothing
	"aws:ec2/defaultSecurityGroup:", "aws:ec2/egressOnlyInternetGateway:", "aws:ec2/flowLog:", "aws:ec2/internetGateway:", "aws:ec2/route:",
	"aws:ec2/routeTable:", "aws:ec2/routeTableAssociation:", "aws:ec2/securityGroup:", "aws:ec2/subnet:", "aws:ec2/vpc:", "aws:vpc/",
	"aws:iam/", "aws:kms/alias:", "aws:lambda/", "aws:lb/listener:", "aws:lb/targetGroup:", "aws:lb/targetGroupAttachment:",
	"aws:scheduler/scheduleGroup:", "aws:sns/", "aws:sqs/", "aws:acm/", "aws:route53/record:", "aws:s3/", "aws:wafv2/webAclLoggingConfiguration:",
	"gatehouse:", "kubernetes:", "pulumi:", "vault:",
}

// AtRest returns the costs of a month without a request, in the order of the resources'
// types. It returns an error for types without a known price.
func (p Prices) AtRest(resources []Resource) ([]Item, error) {
	var items []Item
	add := func(what string, quantity float64, unit, price string, factor float64) {
		items = append(items, Item{what, quantity, unit, quantity * factor * p.of(price)})
	}
	for _, r := range byType(resources) {
		switch r.Type {
		case "aws:kms/key:Key":
			add("KMS key", 1, "keys", "kmsKey", 1)
		case "aws:cloudwatch/metricAlarm:MetricAlarm":
			add("Alarms", alarmMetrics(r), "metrics", "alarmMetric", 1)
		case "aws:cloudwatch/dashboard:Dashboard":
			add("Dashboard", 1, "dashboards", "dashboard", 1)
		case "aws:scheduler/schedule:Schedule":
			runs, err := p.scheduled(r, resources)
			if err != nil {
				return nil, err
			}
			items = append(items, runs...)
		case "aws:ec2/natGateway:NatGateway":
			add("NAT gateways", 1, "gateways", "natGateway", hours)
		case "aws:ec2/eip:Eip":
			add("Public IPv4 addresses", 1, "addresses", "publicAddress", hours)
		case "aws:ec2/vpcEndpoint:VpcEndpoint":
			if r.text("vpcEndpointType") == "Interface" {
				add("Interface endpoints", float64(len(r.list("subnetIds"))), "endpoints and zones", "interfaceEndpoint", hours)
			}
		case "aws:lb/loadBalancer:LoadBalancer":
			add("Load balancer", 1, "load balancers", "loadBalancer", hours)
		case "aws:wafv2/webAcl:WebAcl":
			add("Web ACL", 1, "web ACLs", "webAcl", 1)
			add("Web ACL's rules", float64(len(r.list("rules"))), "rules", "webAclRule", 1)
		default:
			if !isFree(r.Type) {
				return nil, fmt.Errorf("the price of %s at rest is unknown: give it one, or list it as free, in internal/costs", r.Type)
			}
		}
	}
	return sum(items), nil
}

// byType sorts resources by type: the order of their registration differs from run to run.
func byType(resources []Resource) []Resource {
	return slices.SortedStableFunc(slices.Values(resources), func(a, b Resource) int { return strings.Compare(a.Type, b.Type) })
}

func isFree(typ string) bool {
	return slices.ContainsFunc(free, func(start string) bool { return strings.HasPrefix(typ, start) })
}

// alarmMetrics returns the number of metrics that an alarm evaluates.
func alarmMetrics(r Resource) float64 {
	metrics := 0
	for _, query := range r.list("metricQueries") {
		if query.IsMap() && !query.AsMap().Get("metric").IsNull() {
			metrics++
		}
	}
	return float64(max(metrics, 1))
}

var ratePattern = regexp.MustCompile(`^rate\((\d+) minutes?\)$`)

// scheduled returns the costs of a schedule's runs.
func (p Prices) scheduled(schedule Resource, all []Resource) ([]Item, error) {
	rate := ratePattern.FindStringSubmatch(schedule.text("scheduleExpression"))
	if rate == nil {
		return nil, fmt.Errorf("the schedule %q is no rate in minutes", schedule.text("scheduleExpression"))
	}
	minutes, err := strconv.Atoi(rate[1])
	if err != nil {
		return nil, err
	}
	runs := hours * 60 / float64(minutes)
	if schedule.text("name") == "read-keys" {
		return p.issuers(runs, all)
	}
	return p.rotation(runs, all)
}

// rotation returns the costs of runs of the rotator.
func (p Prices) rotation(runs float64, all []Resource) ([]Item, error) {
	rotator, err := function(all, "rotator")
	if err != nil {
		return nil, err
	}
	usd := runs/1e6*p.of("schedulerInvocations") + p.runs(rotator, runs, rotatorSeconds) +
		runs*rotatorReads/1e4*p.of("kmsRequests") + runs*rotatorLog/1e9*p.of("logsIngested")
	return []Item{
		{"Rotator's runs", runs, "runs", usd},
		{"Rotator's metrics", rotatorMetrics, "metrics", rotatorMetrics * p.of("customMetric")},
	}, nil
}

// issuers returns the costs of runs of the function that reads issuers' keys, each of
// which writes the items of as many as there may be.
func (p Prices) issuers(runs float64, all []Resource) ([]Item, error) {
	reader, err := function(all, "issuers")
	if err != nil {
		return nil, err
	}
	usd := runs/1e6*(p.of("schedulerInvocations")+issuersWrites*p.of("tableWrites")) + p.runs(reader, runs, issuersSeconds) +
		runs*issuersLog/1e9*p.of("logsIngested")
	return []Item{{"Reads of issuers' keys", runs, "runs", usd}}, nil
}

// function finds a function by the suffix of its name.
func function(all []Resource, name string) (Resource, error) {
	for _, r := range all {
		if r.Type == "aws:lambda/function:Function" && strings.HasSuffix(r.text("name"), "-"+name) {
			return r, nil
		}
	}
	return Resource{}, fmt.Errorf("there is no function whose name ends with -%s", name)
}

// runs returns the price of a function's runs of this many seconds each.
func (p Prices) runs(f Resource, runs, seconds float64) float64 {
	perSecond := p.of("lambdaArm")
	if architectures := f.list("architectures"); len(architectures) == 1 && architectures[0].IsString() && architectures[0].AsString() == "x86_64" {
		perSecond = p.of("lambdaX86")
	}
	return runs/1e6*p.of("lambdaRequests") + runs*seconds*f.number("memorySize")/1024*perSecond
}

// sum merges items of the same name, in the order of the first ones.
func sum(items []Item) []Item {
	var all []Item
	for _, item := range items {
		i := slices.IndexFunc(all, func(other Item) bool { return other.What == item.What })
		if i < 0 {
			all = append(all, item)
			continue
		}
		all[i].Quantity += item.Quantity
		all[i].USD += item.USD
	}
	return all
}

// Total returns the sum of items.
func Total(items []Item) (usd float64) {
	for _, item := range items {
		usd += item.USD
	}
	return usd
}
