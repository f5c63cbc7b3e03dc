package pipelineroles

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
)

// pipelineStack is the pipeline's own stack. It is not named as the one it is for:
// both lie in one backend.
const pipelineStack = "pipeline"

// roles are what the pipeline's project made for the local stack.
type roles struct{ preview, deploy, boundary string }

// deployPipeline deploys the pipeline's project as the account itself, as an
// administrator would. The zone is the one that the stack has its name in.
func deployPipeline(ctx context.Context, cli pulumicli.CLI, zoneID any, doing func(string)) (roles, error) {
	project := cli.Layout.Pipeline()
	machine := map[string]any{"gatehouse-pipeline:domainZoneIds": []any{zoneID}}
	if err := pulumicli.WritePipelineConfig(cli.Layout, machine); err != nil {
		return roles{}, err
	}
	if err := cli.Init(ctx, project, pipelineStack); err != nil {
		return roles{}, err
	}
	var progress pulumicli.Progress
	watch := func(line string) {
		if text := progress.Read(line); text != "" {
			doing(text)
		}
	}
	err := cli.Run(ctx, "pipeline", watch, "up", "--yes", "--skip-preview", "--suppress-outputs",
		"--config-file", cli.Layout.PipelineConfig(), "--cwd", project, "--stack", pipelineStack)
	if err != nil {
		return roles{}, err
	}
	text, err := cli.Output(ctx, "stack", "output", "--json", "--cwd", project, "--stack", pipelineStack)
	if err != nil {
		return roles{}, err
	}
	var outputs struct {
		PreviewRoleARNs         map[string]string
		DeployRoleARNs          map[string]string
		PermissionsBoundaryARNs map[string]string
	}
	if err := json.Unmarshal([]byte(text), &outputs); err != nil {
		return roles{}, fmt.Errorf("read the pipeline's outputs: %w", err)
	}
	made := roles{
		outputs.PreviewRoleARNs[pulumicli.StackName], outputs.DeployRoleARNs[pulumicli.StackName],
		outputs.PermissionsBoundaryARNs[pulumicli.StackName],
	}
	if made.preview == "" || made.deploy == "" || made.boundary == "" {
		return roles{}, fmt.Errorf("the pipeline made no roles for the stack %s: %s", pulumicli.StackName, text)
	}
	return made, nil
}
