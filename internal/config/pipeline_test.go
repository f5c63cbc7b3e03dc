package config

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func pipelineConfig(more map[string]string) map[string]string {
	config := map[string]string{
		"gatehouse-pipeline:repository": "acme/gatehouse",
		"gatehouse-pipeline:stacks":     `["dev", "prod"]`,
		"gatehouse:logRetentionDays":    "is another project's",
	}
	for key, value := range more {
		config[key] = value
	}
	return config
}

func TestPipelineGiven(t *testing.T) {
	p, err := LoadPipeline(pipelineConfig(map[string]string{
		"aws:region":                         "eu-central-1",
		"gatehouse-pipeline:oidcProviderArn": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
		"gatehouse-pipeline:stateBucket":     "acme-pulumi-state",
		"gatehouse-pipeline:secretsKeyArn":   "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555",
		"gatehouse-pipeline:domainZoneIds":   `["Z0123456789ABCDEFGHIJ"]`,
	}))
	require.NoError(t, err)
	assert.Equal(t, Pipeline{
		Region:        "eu-central-1",
		Repository:    "acme/gatehouse",
		Stacks:        []string{"dev", "prod"},
		ProviderARN:   "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
		StateBucket:   "acme-pulumi-state",
		SecretsKeyARN: "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555",
		ZoneIDs:       []string{"Z0123456789ABCDEFGHIJ"},
	}, p)
}

func TestPipelineNeedsARepositoryAndStacks(t *testing.T) {
	_, err := LoadPipeline(nil)
	require.ErrorContains(t, err, `gatehouse-pipeline:repository is "" by default; allowed: a repository`)
	_, err = LoadPipeline(map[string]string{"gatehouse-pipeline:repository": "acme/gatehouse"})
	require.ErrorContains(t, err, `gatehouse-pipeline:stacks is "[]" by default; it must have at least one stack`)
}

func TestMalformedPipelinesAreRefused(t *testing.T) {
	for _, c := range []struct{ key, given, rule string }{
		{"repository", "gatehouse", "owner/name"},
		{"repository", "*/*", "owner/name"},
		{"repository", "acme/*", "owner/name"},
		{"repository", "acme@1/gatehouse", "owner/name"},
		{"repository", "acme/gatehouse:ref:refs/heads/main", "owner/name"},
		{"stacks", `["dev", "*"]`, `"*" is not`},
		{"stacks", `["dev", "dev-2"]`, "the role of dev could change dev-2"},
		{"oidcProviderArn", "arn:aws:iam::123456789012:oidc-provider/gitlab.com", "token.actions.githubusercontent.com"},
		{"stateBucket", "s3://state", "the name of an S3 bucket"},
		{"secretsKeyArn", "alias/state", "the ARN of a KMS key"},
		{"domainZoneIds", `["*"]`, "the id of a hosted zone"},
		{"stateBuckt", "state", "only the keys that Pulumi.yaml lists"},
	} {
		t.Run(c.key+"="+c.given, func(t *testing.T) {
			_, err := LoadPipeline(pipelineConfig(map[string]string{"gatehouse-pipeline:" + c.key: c.given}))
			var problems Problems
			require.ErrorAs(t, err, &problems)
			require.Len(t, problems, 1)
			assert.Equal(t, "gatehouse-pipeline:"+c.key, problems[0].Key)
			assert.Contains(t, problems[0].Rule, c.rule)
		})
	}
}

func TestImmutableSubjectsAreAllowed(t *testing.T) {
	p, err := LoadPipeline(pipelineConfig(map[string]string{"gatehouse-pipeline:repository": "acme@123456/gatehouse@456789"}))
	require.NoError(t, err)
	assert.Equal(t, "acme@123456/gatehouse@456789", p.Repository)
}

func TestThePipelinesPulumiYAMLDescribesItsSettings(t *testing.T) {
	text, err := os.ReadFile("../../pipeline/Pulumi.yaml")
	require.NoError(t, err)
	var project struct {
		Name   string
		Config map[string]struct {
			Type, Description string
			Default           any
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &project))
	assert.Equal(t, PipelineNamespace, project.Name)

	known := map[string]bool{}
	for _, option := range PipelineTopics()[0].Options {
		known[option.Name] = true
		key, own := option.Own(PipelineNamespace)
		if !own {
			continue
		}
		described, ok := project.Config[key]
		if !assert.True(t, ok, "%s is in pipeline/Pulumi.yaml", key) {
			continue
		}
		assert.Equal(t, option.Type, described.Type, key)
		assert.NotEmpty(t, described.Description, key)
		if described.Default != nil {
			assert.Equal(t, option.Default, asEngine(t, described.Default), key)
		}
	}
	for key, described := range project.Config {
		if described.Type != "" {
			assert.True(t, known[PipelineNamespace+":"+key], "nothing reads %s", key)
		}
	}
}
