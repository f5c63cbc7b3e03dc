package pipeline

import (
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
)

type stackArgs struct {
	names       Names
	settings    config.Pipeline
	permissions permissions
	providerARN pulumi.StringInput
}

// Stack has the roles of one stack's previews, deployments and verifications.
type Stack struct {
	pulumi.ResourceState

	PreviewRoleARN pulumi.StringOutput
	DeployRoleARN  pulumi.StringOutput
	VerifyRoleARN  pulumi.StringOutput

	// BoundaryARN is for the stack's setting permissionsBoundaryArn.
	BoundaryARN pulumi.StringOutput
}

func newStack(ctx *pulumi.Context, name string, args *stackArgs, opts ...pulumi.ResourceOption) (*Stack, error) {
	s := &Stack{}
	if err := ctx.RegisterComponentResource("gatehouse:pipeline:Stack", name, s, opts...); err != nil {
		return nil, err
	}
	n := args.names
	// The deploy role's policies have the boundary's ARN, and their size is checked before
	// any resource is declared.
	n.Boundary = "arn:" + n.Partition + ":iam::" + n.AccountID + ":policy" + path + n.Name() + "-boundary"
	boundary, err := s.newPolicy(ctx, name, n, args.permissions.boundary())
	if err != nil {
		return nil, err
	}
	state, err := s.newPolicies(ctx, name, n, stateReading(args.settings))
	if err != nil {
		return nil, err
	}
	reading, err := s.newPolicies(ctx, name, n, args.permissions.reading())
	if err != nil {
		return nil, err
	}
	writing, err := s.newPolicies(ctx, name, n, append(args.permissions.writing(), stateWriting(args.settings)...))
	if err != nil {
		return nil, err
	}
	verifying, err := s.newPolicy(ctx, name, n, args.permissions.verifying())
	if err != nil {
		return nil, err
	}
	preview, err := s.newRole(ctx, name+"-preview", &iam.RoleArgs{
		Name:             pulumi.String(n.Name() + "-preview"),
		Path:             pulumi.String(path),
		Description:      pulumi.String("Previews " + n.Name() + ": reads, and changes nothing"),
		AssumeRolePolicy: trust(args.providerARN, args.settings.Repository, n.Stack+"-preview"),
	}, slices.Concat(reading, state))
	if err != nil {
		return nil, err
	}
	deploy, err := s.newRole(ctx, name+"-deploy", &iam.RoleArgs{
		Name:               pulumi.String(n.Name() + "-deploy"),
		Path:               pulumi.String(path),
		Description:        pulumi.String("Deploys " + n.Name()),
		MaxSessionDuration: pulumi.Int(deployTime),
		AssumeRolePolicy:   trust(args.providerARN, args.settings.Repository, n.Stack),
	}, slices.Concat(reading, state, writing))
	if err != nil {
		return nil, err
	}
	verify, err := s.newRole(ctx, name+"-verify", &iam.RoleArgs{
		Name:             pulumi.String(n.Name() + "-verify"),
		Path:             pulumi.String(path),
		Description:      pulumi.String("Verifies " + n.Name() + ", as a client of its own"),
		AssumeRolePolicy: trust(args.providerARN, args.settings.Repository, n.Stack+"-verify"),
	}, append(state, managed{verifying, verifyDocument}))
	if err != nil {
		return nil, err
	}
	s.PreviewRoleARN, s.DeployRoleARN, s.VerifyRoleARN, s.BoundaryARN = preview.Arn, deploy.Arn, verify.Arn, boundary.Arn
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{
		"previewRoleArn": s.PreviewRoleARN,
		"deployRoleArn":  s.DeployRoleARN,
		"verifyRoleArn":  s.VerifyRoleARN,
		"boundaryArn":    s.BoundaryARN,
	})
}

// managed is a managed policy with the name of its document.
type managed struct {
	*iam.Policy

	document string
}

func (s *Stack) newPolicies(ctx *pulumi.Context, name string, n Names, documents []document) ([]managed, error) {
	var all []managed
	for _, d := range documents {
		made, err := s.newPolicy(ctx, name, n, d)
		if err != nil {
			return nil, err
		}
		all = append(all, managed{made, d.name})
	}
	return all, nil
}

func (s *Stack) newPolicy(ctx *pulumi.Context, name string, n Names, d document) (*iam.Policy, error) {
	text, err := d.json(n)
	if err != nil {
		return nil, err
	}
	return iam.NewPolicy(ctx, name+"-"+d.name, &iam.PolicyArgs{
		Name:        pulumi.String(n.Name() + "-" + d.name),
		Path:        pulumi.String(path),
		Description: pulumi.String(d.description(n)),
		Policy:      pulumi.String(text),
	}, pulumi.Parent(s))
}

func (s *Stack) newRole(ctx *pulumi.Context, name string, args *iam.RoleArgs, policies []managed) (*iam.Role, error) {
	role, err := iam.NewRole(ctx, name, args, pulumi.Parent(s))
	if err != nil {
		return nil, err
	}
	for _, p := range policies {
		_, err := iam.NewRolePolicyAttachment(ctx, name+"-"+p.document, &iam.RolePolicyAttachmentArgs{
			Role:      role.Name,
			PolicyArn: p.Arn,
		}, pulumi.Parent(s))
		if err != nil {
			return nil, err
		}
	}
	return role, nil
}

// Issuer and audience of GitHub's tokens (GitHub's documentation, "OpenID Connect
// reference").
const (
	issuer   = "token.actions.githubusercontent.com"
	audience = "sts.amazonaws.com"
)

// trust returns the trust policy for tokens of jobs in one environment of the repository.
// GitHub issues them according to the environment's protection rules: for some branches
// only, after an approval. The subject must match exactly: a pattern would also trust
// names created later.
func trust(providerARN pulumi.StringInput, repository, environment string) pulumi.StringOutput {
	return pulumi.JSONMarshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Sid":       "GitHubActions",
			"Effect":    "Allow",
			"Action":    "sts:AssumeRoleWithWebIdentity",
			"Principal": map[string]any{"Federated": providerARN},
			"Condition": map[string]any{"StringEquals": map[string]any{
				issuer + ":aud": audience,
				issuer + ":sub": "repo:" + repository + ":environment:" + environment,
			}},
		}},
	})
}
