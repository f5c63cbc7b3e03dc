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

// privateNetwork holds the VPC with the route to the private model. It is empty unless
// the settings enable the network.
type privateNetwork struct {
	attachment network.Attachment
	own        *network.Network // nil in an existing VPC
	inference  *inference.Inference
}

func declarePrivate(ctx *pulumi.Context, d deployment.Deployment, s config.Settings, p providers) (n privateNetwork, err error) {
	if !s.Network.Enabled {
		return privateNetwork{}, nil
	}
	if s.Network.Existing.VPCID != "" {
		n.attachment, err = network.Existing(ctx, s.Network.Existing, pulumi.Provider(p.regional))
	} else {
		n.own, err = network.New(ctx, "network", &network.Args{Deployment: d, Settings: s.Network}, p.protected(p.regional))
	}
	if err != nil {
		return privateNetwork{}, err
	}
	if n.own != nil {
		n.attachment = n.own.Attachment()
	}
	// Not protected: its targets and listeners come and go with the settings.
	n.inference, err = inference.New(ctx, "inference", &inference.Args{
		Deployment: d,
		Settings:   s.Inference,
		Attachment: n.attachment,
	}, pulumi.Provider(p.regional))
	return n, err
}

func (n privateNetwork) enabled() bool { return n.inference != nil }

// routes lead from the API to the private model.
func (n privateNetwork) routes() []httpapi.Route {
	if !n.enabled() {
		return nil
	}
	return []httpapi.Route{n.inference.Route}
}

// vpcConfig attaches the function behind the API to the network.
func (n privateNetwork) vpcConfig(s config.Inference) *chatapi.VPCConfig {
	return &chatapi.VPCConfig{
		Attachment: n.attachment,
		PrivateModel: chatapi.PrivateModel{
			URL:             n.inference.URL,
			Port:            n.inference.Port,
			ServerName:      s.ServerName,
			SecurityGroupID: n.inference.SecurityGroupIDs["loadBalancer"],
		},
	}
}

// flowLogGroup returns the name of the flow logs' log group, nil without one.
func (n privateNetwork) flowLogGroup() pulumi.StringInput {
	if n.own == nil {
		return nil
	}
	return n.own.FlowLogGroup
}

// loadBalancer returns what observability needs of the load balancer, nil without one.
func (n privateNetwork) loadBalancer() *observability.LoadBalancer {
	if !n.enabled() {
		return nil
	}
	return &observability.LoadBalancer{LoadBalancerARN: n.inference.LoadBalancerARN, TargetGroupARN: n.inference.TargetGroupARN}
}

// securityGroupIDs returns the IDs of all security groups of the stack, by name.
func (c components) securityGroupIDs() pulumi.StringMap {
	all := maps.Clone(c.private.inference.SecurityGroupIDs)
	if c.private.own != nil {
		maps.Copy(all, c.private.own.SecurityGroupIDs)
	}
	maps.Copy(all, c.model.SecurityGroupIDs)
	return all
}
