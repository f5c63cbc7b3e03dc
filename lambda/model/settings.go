package main

import (
	"math"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/environ"
)

type settings struct {
	model     string
	maxTokens int
}

func readSettings(lookup func(string) (string, bool)) (settings, error) {
	env := environ.NewReader(lookup)
	s := settings{
		model:     env.Text("GATEHOUSE_MODEL_ID", "a Bedrock model's id such as amazon.nova-micro-v1:0", isModelID),
		maxTokens: env.Int("GATEHOUSE_MODEL_MAX_TOKENS", 1, math.MaxInt32),
	}
	return s, env.Err()
}

func isModelID(text string) bool {
	return text != "" && !strings.ContainsAny(text, " \t\r\n")
}
