package config

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const certificateARN = "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"

func TestInferenceDefaults(t *testing.T) {
	s, err := Load(nil)
	require.NoError(t, err)
	assert.Equal(t, Inference{
		Prefix:     "/api/inference",
		Targets:    []string{},
		Port:       8080,
		Protocol:   "HTTP",
		HealthPath: "/healthz",
		Timeout:    29 * time.Second,
	}, s.Inference)
}

func TestInferenceGiven(t *testing.T) {
	s, err := Load(map[string]string{
		"gatehouse:inferencePrefix":         "/api/private/v1",
		"gatehouse:inferenceTargets":        `["10.0.10.25", "10.0.11.25"]`,
		"gatehouse:inferencePort":           "8443",
		"gatehouse:inferenceProtocol":       "HTTPS",
		"gatehouse:inferenceHealthPath":     "/v2/health/ready",
		"gatehouse:inferenceCertificateArn": certificateARN,
		"gatehouse:inferenceServerName":     "model.example.com",
		"gatehouse:inferenceTimeout":        "5s",
	})
	require.NoError(t, err)
	assert.Equal(t, Inference{
		Prefix:         "/api/private/v1",
		Targets:        []string{"10.0.10.25", "10.0.11.25"},
		Port:           8443,
		Protocol:       "HTTPS",
		HealthPath:     "/v2/health/ready",
		CertificateARN: certificateARN,
		ServerName:     "model.example.com",
		Timeout:        5 * time.Second,
	}, s.Inference)
}

func TestMalformedInferenceIsRefused(t *testing.T) {
	for _, c := range []struct{ key, given, rule string }{
		{"inferencePrefix", "", "a path below apiPrefix such as /api/inference"},
		{"inferencePrefix", "/", "a path below apiPrefix"},
		{"inferencePrefix", "/api", "a path below apiPrefix"},
		{"inferencePrefix", "/inference", "a path below apiPrefix"},
		{"inferencePrefix", "api/inference", "a path below apiPrefix"},
		{"inferencePrefix", "/api/inference/", "without a slash at its end"},
		{"inferencePrefix", "/api/../inference", "a path below apiPrefix"},
		{"inferencePrefix", "/api/{proxy+}", "a path below apiPrefix"},
		{"inferencePrefix", "/api/models", "none that begins with /api/ and models, chat"},
		{"inferencePrefix", "/api/models/private", "none that begins with /api/ and models, chat"},
		{"inferencePrefix", "/api/chat", "none that begins with /api/ and models, chat"},
		{"inferencePrefix", "/api/embeddings", "none that begins with /api/ and models, chat"},
		{"inferencePrefix", "/api/v1/private", "none that begins with /api/ and models, chat"},
		{"inferencePrefix", "/api/healthz", "healthz"},
		{"inferencePrefix", "/api/playground", "playground"},
		{"inferencePrefix", "/apis/inference", "a path below apiPrefix"},
		{"inferenceTargets", `["model.example.com"]`, `"model.example.com" is not`},
		{"inferenceTargets", `["10.0.10.256"]`, `"10.0.10.256" is not`},
		{"inferenceTargets", `["10.0.10.0/24"]`, `"10.0.10.0/24" is not`},
		{"inferenceTargets", `["10.0.10.25:8080"]`, `"10.0.10.25:8080" is not`},
		{"inferenceTargets", `["8.8.8.8"]`, "a private IPv4 address"},
		{"inferenceTargets", `["127.0.0.1"]`, "a private IPv4 address"},
		{"inferenceTargets", `["169.254.169.254"]`, "a private IPv4 address"},
		{"inferenceTargets", `["fd00::1"]`, "a private IPv4 address"},
		{"inferenceTargets", `["::ffff:10.0.10.25"]`, "a private IPv4 address"},
		{"inferenceTargets", `["10.0.10.25", "10.0.10.25"]`, `"10.0.10.25" is there twice`},
		{"inferenceTargets", "10.0.10.25", "as a YAML list"},
		{"inferencePort", "0", "a whole number from 1 to 65535"},
		{"inferencePort", "65536", "a whole number from 1 to 65535"},
		{"inferenceProtocol", "https", "one of HTTP, HTTPS"},
		{"inferenceHealthPath", "healthz", "a path such as /healthz"},
		{"inferenceHealthPath", "/" + strings.Repeat("a", 256), "a path such as /healthz"},
		{"inferenceCertificateArn", "model.example.com", "the ARN of an ACM certificate"},
		{"inferenceCertificateArn", "arn:aws:iam::123456789012:server-certificate/model", "the ARN of an ACM certificate"},
		{"inferenceServerName", "*.example.com", "without wildcards"},
		{"inferenceServerName", "localhost", "a DNS name in lower case"},
		{"inferenceServerName", "10.0.10.25", "a DNS name in lower case"},
		{"inferenceServerName", "model.example.com", "it requires gatehouse:inferenceCertificateArn to be set"},
		{"inferenceTimeout", "30s", "a duration from 1s to 29s"},
		{"inferenceTimeout", "0s", "a duration from 1s to 29s"},
	} {
		t.Run(c.key+"="+c.given, func(t *testing.T) {
			_, err := Load(map[string]string{"gatehouse:" + c.key: c.given})
			var problems Problems
			require.ErrorAs(t, err, &problems)
			require.Len(t, problems, 1)
			assert.Equal(t, "gatehouse:"+c.key, problems[0].Key)
			assert.Equal(t, c.given, problems[0].Given)
			assert.Contains(t, problems[0].Rule, c.rule)
		})
	}
}

func TestACertificateNeedsTheServerName(t *testing.T) {
	_, err := Load(map[string]string{"gatehouse:inferenceCertificateArn": certificateARN})
	require.ErrorContains(t, err, `gatehouse:inferenceServerName is "" by default; it must be a name in the certificate of gatehouse:inferenceCertificateArn`)
}

func TestACertificateIsInTheStacksRegion(t *testing.T) {
	_, err := Load(map[string]string{
		"aws:region":                        "eu-central-1",
		"gatehouse:inferenceCertificateArn": certificateARN,
		"gatehouse:inferenceServerName":     "model.example.com",
	})
	require.ErrorContains(t, err, "it must be a certificate in the stack's region, eu-central-1")
}

func TestPrefixesBesideTheModelsPathAreAllowed(t *testing.T) {
	for _, prefix := range []string{"/api/inference", "/api/models2", "/api/private.models/v1", "/api/v2/models"} {
		s, err := Load(map[string]string{"gatehouse:inferencePrefix": prefix})
		require.NoError(t, err)
		assert.Equal(t, prefix, s.Inference.Prefix)
	}
}

func TestTheInferencePrefixFollowsThatOfTheAPI(t *testing.T) {
	s, err := Load(map[string]string{"gatehouse:apiPrefix": "/v1"})
	require.NoError(t, err, "without a network, the default has no effect")
	assert.Equal(t, "/v1", s.Gateway.Prefix)

	_, err = Load(map[string]string{"gatehouse:apiPrefix": "/v1", "gatehouse:networkEnabled": "true"})
	require.ErrorContains(t, err, `gatehouse:inferencePrefix is "/api/inference" by default; it must be a path below apiPrefix such as /v1/inference`)

	_, err = Load(map[string]string{"gatehouse:apiPrefix": "/v1", "gatehouse:networkEnabled": "true", "gatehouse:inferencePrefix": "/v1/private"})
	require.NoError(t, err)
}
