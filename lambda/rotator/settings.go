package main

import (
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/gatehouse-iac/gatehouse/internal/environ"
	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

type settings struct {
	keyPath string
	kmsKey  string // its ARN
}

func readSettings(lookup func(string) (string, bool)) (settings, error) {
	env := environ.NewReader(lookup)
	s := settings{
		keyPath: env.Text("GATEHOUSE_KEY_PATH", keystore.PathForm, keystore.IsPath),
		kmsKey:  env.Text("GATEHOUSE_KMS_KEY", "the ARN of a KMS key", isKMSKey),
	}
	return s, env.Err()
}

func isKMSKey(text string) bool {
	parsed, err := arn.Parse(text)
	return err == nil && parsed.Service == "kms"
}
