package config

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func TestMissingMeansDefault(t *testing.T) {
	s, err := Load(nil)
	require.NoError(t, err)
	assert.Equal(t, "us-east-1", s.Region)
	assert.Equal(t, "arm64", s.Lambda.Architecture)
	assert.Equal(t, 5*time.Minute, s.Gateway.AuthorizerTTL)
	assert.Equal(t, Key{Header: "x-origin-verify", MemoryTTL: time.Minute, RefetchPeriod: 10 * time.Second, StaleLimit: time.Hour}, s.Key)
}

func TestGivenWins(t *testing.T) {
	s, err := Load(map[string]string{
		"aws:region":                   "eu-central-1",
		"gatehouse:lambdaArchitecture": "x86_64",
		"gatehouse:authorizerTtl":      "0s",
		"gatehouse:keyHeader":          "x-key",
		"other:key":                    "is another program's",
	})
	require.NoError(t, err)
	assert.Equal(t, "eu-central-1", s.Region)
	assert.Equal(t, "x86_64", s.Lambda.Architecture)
	assert.Zero(t, s.Gateway.AuthorizerTTL)
	assert.Equal(t, "x-key", s.Key.Header)
}

func TestMalformedIsAnErrorThatNamesKeyGivenAndAllowed(t *testing.T) {
	for _, c := range []struct{ key, given, rule string }{
		{"aws:region", "Frankfurt", "an AWS region such as us-east-1"},
		{"aws:region", "", "an AWS region"},
		{"gatehouse:lambdaArchitecture", "amd64", "one of arm64, x86_64"},
		{"gatehouse:logRetentionDays", "31", "one of 1, 3, 5, 7"},
		{"gatehouse:logRetentionDays", "0", "one of 1, 3, 5, 7"},
		{"gatehouse:throttleRate", "many", "a whole number from 1 to 10000"},
		{"gatehouse:throttleRate", "1.5", "a whole number"},
		{"gatehouse:throttleBurst", "5001", "a whole number from 1 to 5000"},
		{"gatehouse:authorizerTtl", "61m", "a duration from 0s to 1h"},
		{"gatehouse:authorizerTtl", "300", "such as 90s, 5m or 6h"},
		{"gatehouse:authorizerTtl", "1500ms", "in whole seconds"},
		{"gatehouse:keyHeader", "X-Origin-Verify", "in lower case"},
		{"gatehouse:keyHeader", "host", "none that CloudFront or API Gateway uses itself"},
		{"gatehouse:keyHeader", "x-amz-key", "none that CloudFront or API Gateway uses itself"},
		{"gatehouse:keyHeader", "apigw-key", "none that CloudFront or API Gateway uses itself"},
		{"gatehouse:keyHeader", "x-gatehouse-credential", "none that CloudFront or API Gateway uses itself"},
		{"gatehouse:keyHeader", "x-api-key", "none that CloudFront or API Gateway uses itself"},
		{"gatehouse:keyMemoryTtl", "5s", "it must be at least gatehouse:keyRefetchPeriod, 10s"},
		{"gatehouse:keyStaleLimit", "30s", "it must be at least gatehouse:keyMemoryTtl, 1m"},
		{"gatehouse:rotationSettle", "11s", "it must be more than gatehouse:keyRefetchPeriod and a second for Parameter Store, 11s"},
		{"gatehouse:rotationInterval", "46m30s", "it must be more than gatehouse:rotationSettle + gatehouse:rotationDeployment + gatehouse:rotationGrace + gatehouse:rotationDrain, 46m30s"},
		{"gatehouse:rotationInterval", "0s", "a duration from 1m to 2160h"},
		{"gatehouse:rotationTick", "90s", "whole minutes"},
		{"gatehouse:rotationTick", "30s", "a duration from 1m to 1h"},
		{"gatehouse:rotationDrain", "1h", "a duration from 1s to 2m"},
		{"gatehouse:rotationDeployment", "2h", "a duration from 1s to 1h"},
		{"gatehouse:rotationReservedConcurrency", "2", "a whole number from 0 to 1"},
		{"gatehouse:alarmEmail", "ops", "an e-mail address, or empty"},
		{"gatehouse:apiPrefix", "/", "a path such as /api"},
		{"gatehouse:apiPrefix", "", "a path such as /api"},
		{"gatehouse:apiPrefix", "api", "a path such as /api"},
		{"gatehouse:apiPrefix", "/api/", "without a slash at its end"},
		{"gatehouse:apiPrefix", "/api/{version}", "a path such as /api"},
		{"gatehouse:tracingEnabled", "yes", "true or false"},
		{"gatehouse:modelMaxTokens", "0", "a whole number from 1 to 65536"},
		{"gatehouse:keyHeadr", "x-key", "only the keys that Pulumi.yaml lists"},
	} {
		t.Run(c.key+"="+c.given, func(t *testing.T) {
			_, err := Load(map[string]string{c.key: c.given})
			var problems Problems
			require.ErrorAs(t, err, &problems)
			require.Len(t, problems, 1)
			assert.Equal(t, c.key, problems[0].Key)
			assert.Contains(t, problems[0].Rule, c.rule)
			assert.Contains(t, err.Error(), c.key)
			if !problems[0].Unknown {
				assert.Equal(t, c.given, problems[0].Given)
				assert.Contains(t, err.Error(), `"`+c.given+`"`)
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := Load(map[string]string{
		"aws:region":               "nowhere",
		"gatehouse:throttleRate":   "-1",
		"gatehouse:modelMaxToken":  "5",
		"gatehouse:modelMaxTokens": "five",
	})
	var problems Problems
	require.ErrorAs(t, err, &problems)
	assert.Len(t, problems, 4)
	assert.Contains(t, err.Error(), "4 problem(s)")
}

func TestAConflictWithADefaultSaysSo(t *testing.T) {
	_, err := Load(map[string]string{"gatehouse:keyRefetchPeriod": "40s"})
	require.ErrorContains(t, err, `gatehouse:rotationSettle is "30s" by default; it must be more than gatehouse:keyRefetchPeriod and a second for Parameter Store, 41s`)
}

// AWS takes any two within its quota, a rate of 10,000 with its burst of 5,000 among them.
func TestTheBurstIsIndependentOfTheRate(t *testing.T) {
	s, err := Load(map[string]string{"gatehouse:throttleRate": "10000", "gatehouse:throttleBurst": "5000"})
	require.NoError(t, err)
	assert.Greater(t, s.Gateway.ThrottleRate, s.Gateway.ThrottleBurst)
}

func TestATickAsLongAsTheIntervalIsRefused(t *testing.T) {
	_, err := Load(map[string]string{"gatehouse:rotationInterval": "1h", "gatehouse:rotationTick": "1h"})
	require.ErrorContains(t, err, `gatehouse:rotationTick is "1h"; it must be less than gatehouse:rotationInterval, 1h`)
}

// asEngine writes a value of a YAML file as the engine hands it to the program.
func asEngine(t *testing.T, value any) string {
	t.Helper()
	if list, ok := value.([]any); ok {
		text, err := json.Marshal(list)
		require.NoError(t, err)
		return string(text)
	}
	return fmt.Sprint(value)
}

func full(key string) string { return newReader(nil, nil).full(key) }

// Pulumi.yaml describes the settings to users and to the engine, so it must be the same
// list.
func TestPulumiYAMLDescribesTheSettings(t *testing.T) {
	text, err := os.ReadFile("../../Pulumi.yaml")
	require.NoError(t, err)
	var project struct {
		Name    string
		Options map[string]string
		Config  map[string]struct {
			Type, Description string
			Items             struct{ Type string }
			Default, Value    any
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &project))
	assert.Equal(t, Namespace, project.Name)
	assert.Equal(t, "always", project.Options["refresh"])

	known := map[string]bool{}
	for _, option := range Options() {
		known[option.Name] = true
		key, own := option.Own(Namespace)
		if !own {
			continue // another namespace's keys have no schema
		}
		described, ok := project.Config[key]
		if assert.True(t, ok, "%s is in Pulumi.yaml", key) {
			assert.Equal(t, option.Type, described.Type, key)
			assert.Equal(t, option.Default, asEngine(t, described.Default), key)
			assert.Equal(t, described.Type == "array", described.Items.Type == "string", "%s: lists, and only they, have items, which are strings", key)
			assert.NotEmpty(t, described.Description, key)
		}
	}
	for key, described := range project.Config {
		if described.Type != "" {
			assert.True(t, known[full(key)], "nothing reads %s", key)
		}
	}
}

func TestTheStacksFilesAreValid(t *testing.T) {
	for _, stack := range []string{"dev", "prod", "local"} {
		text, err := os.ReadFile("../../Pulumi." + stack + ".yaml")
		require.NoError(t, err)
		var file struct{ Config map[string]any }
		require.NoError(t, yaml.Unmarshal(text, &file))
		config := map[string]string{}
		if stack == "local" { // what differs from machine to machine
			config["gatehouse:vaultAddress"], config["gatehouse:kubernetesKubeconfig"] = "http://127.0.0.1:8200", "kubeconfig.yaml"
		}
		for key, value := range file.Config {
			config[key] = asEngine(t, value)
		}
		if stack == "prod" {
			_, err = Load(config)
			var problems Problems
			require.ErrorAs(t, err, &problems, "production waits for an address that receives the alarms")
			assert.Len(t, problems, 1)
			assert.Equal(t, "gatehouse:alarmEmail", problems[0].Key)
			config["gatehouse:alarmEmail"] = "ops@example.com"
		}
		_, err = Load(config)
		assert.NoError(t, err, stack)
	}
}
