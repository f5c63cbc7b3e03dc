package inference

import (
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// drain is the deregistration delay in seconds. No request lasts longer than 30 seconds,
// the maximum timeout of an HTTP API's integration.
const drain = 30

// Health checks of the targets.
const (
	healthInterval  = 10 * time.Second
	healthyAfter    = 2 // successes in a row
	unhealthyAfter  = 3 // failures in a row
	healthTimeout   = 5 * time.Second
	registerLatency = 15 * time.Second // polling interval of the AWS Load Balancer Controller
)

// TargetDelay is the maximum time from a new target's first successful health check to
// its first request.
const TargetDelay = registerLatency + (healthyAfter+1)*healthInterval

// tlsPolicy allows TLS 1.2 and 1.3, with forward secrecy.
const tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-2021-06"

// newLoadBalancer declares the load balancer with its targets and returns its listener,
// which depends on all of them.
func (i *Inference) newLoadBalancer(ctx *pulumi.Context, name string, args *Args, g *groups) (*lb.Listener, error) {
	balancer, err := lb.NewLoadBalancer(ctx, name+"-load-balancer", &lb.LoadBalancerArgs{
		LoadBalancerType:        pulumi.String("application"),
		Internal:                pulumi.Bool(true),
		Subnets:                 args.Attachment.PrivateSubnetIDs,
		SecurityGroups:          pulumi.StringArray{g.loadBalancer.ID()},
		DropInvalidHeaderFields: pulumi.Bool(true),
		Tags:                    args.tags("load-balancer"),
		// A load balancer can't move to another VPC. The provider doesn't replace it, but
		// would try to set subnets of the other VPC. Its security group is replaced if, and
		// only if, the VPC changes; a change of zones only changes the subnets, in place.
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

// newTargets declares the target group and returns the targets of the settings.
func (i *Inference) newTargets(ctx *pulumi.Context, name string, args *Args) ([]pulumi.Resource, error) {
	s := args.Settings
	group, err := lb.NewTargetGroup(ctx, name+"-targets", &lb.TargetGroupArgs{
		VpcId:               args.Attachment.VPCID.ToStringOutput(),
		TargetType:          pulumi.String("ip"),
		Protocol:            pulumi.String(s.Protocol),
		Port:                pulumi.Int(s.Port),
		DeregistrationDelay: pulumi.Int(drain),
		// A model's responses differ much in duration: round robin would overload targets.
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

// listener holds the properties that differ with and without TLS. The resource's name
// has the protocol, so that both listeners can exist while requests move to the new one.
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
