package inference

import (
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// drain, in seconds, is how long a target that leaves may finish its requests: no
// request outlives the 30 seconds after which an HTTP API gives up.
const drain = 30

// Health checks of the targets.
const (
	healthInterval  = 10 * time.Second
	healthyAfter    = 2 // successes in a row
	unhealthyAfter  = 3 // failures in a row
	healthTimeout   = 5 * time.Second
	registerLatency = 15 * time.Second // the AWS Load Balancer Controller's pause between two looks
)

// TargetDelay is how long a new target waits at most for its first requests once it
// answers the health checks.
const TargetDelay = registerLatency + (healthyAfter+1)*healthInterval

// tlsPolicy takes TLS 1.2 and 1.3, with forward secrecy.
const tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06"

// newLoadBalancer makes the load balancer with its targets and returns its
// listener, which is there only once everything behind it is.
func (i *Inference) newLoadBalancer(ctx *pulumi.Context, name string, args *Args, g *groups) (*lb.Listener, error) {
	balancer, err := lb.NewLoadBalancer(ctx, name+"-load-balancer", &lb.LoadBalancerArgs{
		LoadBalancerType:        pulumi.String("application"),
		Internal:                pulumi.Bool(true),
		Subnets:                 args.Attachment.PrivateSubnetIDs,
		SecurityGroups:          pulumi.StringArray{g.loadBalancer.ID()},
		DropInvalidHeaderFields: pulumi.Bool(true),
		Tags:                    args.tags("load-balancer"),
		// A load balancer can't leave its VPC, and the provider doesn't know: it would try
		// to set the subnets of the other one. Its group is replaced if, and only if, the
		// VPC is another one; another zone changes the subnets alone, in place.
	}, pulumi.Parent(i), pulumi.ReplaceOnChanges([]string{"securityGroups"}))
	if err != nil {
		return nil, err
	}
	i.LoadBalancerARN, i.LoadBalancerDNSName = balancer.Arn, balancer.DnsName

	targets, err := i.newTargets(ctx, name, args)
	if err != nil {
		return nil, err
	}
	l := args.listener()
	i.Port = l.port
	i.URL = pulumi.Sprintf("%s://%s", strings.ToLower(l.protocol), balancer.DnsName)
	return lb.NewListener(ctx, name+"-"+strings.ToLower(l.protocol)+"-listener", &lb.ListenerArgs{
		LoadBalancerArn: balancer.Arn,
		Protocol:        pulumi.String(l.protocol),
		Port:            pulumi.Int(l.port),
		CertificateArn:  l.certificateARN,
		SslPolicy:       l.tlsPolicy,
		DefaultActions: lb.ListenerDefaultActionArray{&lb.ListenerDefaultActionArgs{
			Type:           pulumi.String("forward"),
			TargetGroupArn: i.TargetGroupARN,
		}},
	}, pulumi.Parent(i), pulumi.DependsOn(append(targets, g.rules...)))
}

// newTargets makes the target group, and returns the targets of the settings.
func (i *Inference) newTargets(ctx *pulumi.Context, name string, args *Args) ([]pulumi.Resource, error) {
	s := args.Settings
	group, err := lb.NewTargetGroup(ctx, name+"-targets", &lb.TargetGroupArgs{
		VpcId:               args.Attachment.VPCID.ToStringOutput(),
		TargetType:          pulumi.String("ip"),
		Protocol:            pulumi.String(s.Protocol),
		Port:                pulumi.Int(s.Port),
		DeregistrationDelay: pulumi.Int(drain),
		// Answers of a model take unevenly long: counting requests would pile them up.
		LoadBalancingAlgorithmType: pulumi.String("least_outstanding_requests"),
		HealthCheck: &lb.TargetGroupHealthCheckArgs{
			Protocol:           pulumi.String(s.Protocol),
			Path:               pulumi.String(s.HealthPath),
			Matcher:            pulumi.String("200"),
			Interval:           pulumi.Int(int(healthInterval.Seconds())),
			Timeout:            pulumi.Int(int(healthTimeout.Seconds())),
			HealthyThreshold:   pulumi.Int(healthyAfter),
			UnhealthyThreshold: pulumi.Int(unhealthyAfter),
		},
		Tags: args.tags("targets"),
	}, pulumi.Parent(i))
	if err != nil {
		return nil, err
	}
	i.TargetGroupARN = group.Arn

	var targets []pulumi.Resource
	for _, address := range s.Targets {
		target, err := lb.NewTargetGroupAttachment(ctx, name+"-target-"+address, &lb.TargetGroupAttachmentArgs{
			TargetGroupArn: group.Arn,
			TargetId:       pulumi.String(address),
			Port:           pulumi.Int(s.Port),
		}, pulumi.Parent(i))
		if err != nil {
			return nil, err
		}
		targets = append(targets, target)
	}
	return targets, nil
}

// listener is what differs with and without TLS. The listener's name has the
// protocol: the two can be side by side while the requests move over.
type listener struct {
	protocol       string
	port           int
	certificateARN pulumi.StringPtrInput
	tlsPolicy      pulumi.StringPtrInput
}

func (a *Args) listener() listener {
	if a.Settings.CertificateARN == "" {
		return listener{protocol: "HTTP", port: 80}
	}
	return listener{
		protocol:       "HTTPS",
		port:           443,
		certificateARN: pulumi.String(a.Settings.CertificateARN),
		tlsPolicy:      pulumi.String(tlsPolicy),
	}
}
