package stack

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/chatapi"
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/deployment"
	"github.com/gatehouse-iac/gatehouse/internal/httpapi"
	"github.com/gatehouse-iac/gatehouse/internal/inference"
	"github.com/gatehouse-iac/gatehouse/internal/network"
	"github.com/gatehouse-iac/gatehouse/internal/observability"
)

// private is what the private network adds to the stack; it is empty without one.
type private struct {
	routes         []httpapi.Route
	targetGroupARN pulumi.StringOutput
	exports        pulumi.Map
	flowLogs       pulumi.StringInput // the log group's name, if there is one
	balancer       *observability.Private
	securityGroups pulumi.StringMap
	place          *chatapi.VPCConfig // for the function behind the API
}

func declarePrivate(ctx *pulumi.Context, d deployment.Deployment, s config.Settings, p providers) (private, error) {
	if !s.Network.Enabled {
		return private{}, nil
	}
	placement, exports, groups, flowLogs, err := declareNetwork(ctx, d, s.Network, p)
	if err != nil {
		return private{}, err
	}
	// Not protected: its targets and listeners come and go with the settings.
	inferred, err := inference.New(ctx, "inference", &inference.Args{
		Deployment: d,
		Settings:   s.Inference,
		Attachment: placement,
	}, pulumi.Provider(p.here))
	if err != nil {
		return private{}, err
	}
	securityGroups := maps.Clone(inferred.SecurityGroupIDs)
	maps.Copy(securityGroups, groups)
	maps.Copy(exports, pulumi.Map{
		"vpcId":               placement.VPCID,
		"privateSubnetIds":    placement.PrivateSubnetIDs,
		"securityGroupIds":    securityGroups,
		"inferencePrefix":     pulumi.String(s.Inference.Prefix),
		"vpcLinkId":           inferred.VPCLinkID,
		"loadBalancerArn":     inferred.LoadBalancerARN,
		"loadBalancerDnsName": inferred.LoadBalancerDNSName,
		"targetGroupArn":      inferred.TargetGroupARN,
	})
	return private{
		routes:         []httpapi.Route{inferred.Route},
		targetGroupARN: inferred.TargetGroupARN,
		exports:        exports,
		flowLogs:       flowLogs,
		balancer:       &observability.Private{LoadBalancerARN: inferred.LoadBalancerARN, TargetGroupARN: inferred.TargetGroupARN},
		securityGroups: securityGroups,
		place: &chatapi.VPCConfig{
			Attachment: placement,
			PrivateModel: chatapi.PrivateModel{
				URL:             inferred.URL,
				Port:            inferred.Port,
				ServerName:      s.Inference.ServerName,
				SecurityGroupID: inferred.SecurityGroupIDs["loadBalancer"],
			},
		},
	}, nil
}

// declareNetwork makes the stack's own VPC, or uses an existing one. The exports,
// security groups and flow logs are those that only an own VPC has.
func declareNetwork(ctx *pulumi.Context, d deployment.Deployment, s config.Network, p providers) (network.Attachment, pulumi.Map, pulumi.StringMap, pulumi.StringInput, error) {
	if s.Existing.VPCID != "" {
		placement, err := network.Existing(ctx, s.Existing, pulumi.Provider(p.here))
		return placement, pulumi.Map{}, nil, nil, err
	}
	own, err := network.New(ctx, "network", &network.Args{Deployment: d, Settings: s}, p.kept(p.here))
	if err != nil {
		return network.Attachment{}, nil, nil, nil, err
	}
	exports := pulumi.Map{
		"publicSubnetIds":   own.PublicSubnetIDs,
		"isolatedSubnetIds": own.IsolatedSubnetIDs,
	}
	return own.Attachment(), exports, own.SecurityGroupIDs, own.FlowLogGroup, nil
}
