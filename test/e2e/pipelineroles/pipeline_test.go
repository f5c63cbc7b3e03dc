package pipelineroles

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// pipelineStack is the pipeline's own stack. It has another name than the stack that it
// deploys, because both are in one backend.
const pipelineStack = "pipeline"

// roles are the ARNs that the pipeline's project created for the local stack.
type roles struct{ preview, deploy, verify, boundary string }

// deployPipeline deploys the pipeline's project as the account's administrator. The zone is
// the hosted zone of the stack's own domain name.
func deployPipeline(ctx context.Context, cli pulumicli.CLI, zoneID any) (roles, error) {
	project := cli.Layout.Pipeline()
	machine := map[string]any{"gatehouse-pipeline:domainZoneIds": []any{zoneID}}
	if err := pulumicli.WritePipelineConfig(cli.Layout, machine); err != nil {
		return roles{}, err
	}
	if err := cli.Init(ctx, project, pipelineStack); err != nil {
		return roles{}, err
	}
	err := cli.Run(ctx, "pipeline", nil, "up", "--yes", "--skip-preview", "--suppress-outputs",
		"--config-file", cli.Layout.PipelineConfig(), "--cwd", project, "--stack", pipelineStack)
	if err != nil {
		return roles{}, err
	}
	content, err := cli.Output(ctx, "stack", "output", "--json", "--cwd", project, "--stack", pipelineStack)
	if err != nil {
		return roles{}, err
	}
	var outputs struct {
		PreviewRoleARNs         map[string]string
		DeployRoleARNs          map[string]string
		VerifyRoleARNs          map[string]string
		PermissionsBoundaryARNs map[string]string
	}
	if err := json.Unmarshal([]byte(content), &outputs); err != nil {
		return roles{}, fmt.Errorf("read the pipeline's outputs: %w", err)
	}
	made := roles{
		outputs.PreviewRoleARNs[pulumicli.StackName], outputs.DeployRoleARNs[pulumicli.StackName],
		outputs.VerifyRoleARNs[pulumicli.StackName], outputs.PermissionsBoundaryARNs[pulumicli.StackName],
	}
	if made.preview == "" || made.deploy == "" || made.verify == "" || made.boundary == "" {
		return roles{}, fmt.Errorf("the pipeline created no roles for the stack %s: %s", pulumicli.StackName, content)
	}
	return made, nil
}
