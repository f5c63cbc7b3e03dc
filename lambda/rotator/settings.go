package main

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore"
	"github.com/gatehouse-iac/gatehouse/internal/lambdaenv"
)

type settings struct {
	stack   string // the metrics' dimension
	keyPath string
	kmsKey  string // its ARN
	header  string // in lower case
	prefix  string // of the API's paths
	times   keyring.Settings

	// ringTTL is how long authorizers remember the ring.
	ringTTL time.Duration

	// cacheTime is how long a deleted key may still be accepted, by what authorizers
	// and API Gateway remember.
	cacheTime time.Duration
}

func readSettings(lookup func(string) (string, bool)) (settings, error) {
	const day = 24 * time.Hour
	env := lambdaenv.NewReader(lookup)
	s := settings{
		stack:   env.Text("GATEHOUSE_STACK", "the stack's name, such as gatehouse-dev", func(text string) bool { return text != "" }),
		keyPath: env.Text("GATEHOUSE_KEY_PATH", keystore.PathForm, keystore.IsPath),
		kmsKey:  env.Text("GATEHOUSE_KMS_KEY", "the ARN of a KMS key", isKMSKey),
		header:  env.Header("GATEHOUSE_ORIGIN_HEADER"),
		prefix:  env.Text("GATEHOUSE_API_PREFIX", "a path such as /api", func(text string) bool { return strings.HasPrefix(text, "/") }),
		times: keyring.Settings{
			Interval: env.Duration("GATEHOUSE_INTERVAL", time.Minute, 90*day),
			Settle:   env.Duration("GATEHOUSE_SETTLE", time.Second, 10*time.Minute),
			Grace:    env.Duration("GATEHOUSE_GRACE", time.Second, day),
			Drain:    env.Duration("GATEHOUSE_DRAIN", time.Second, time.Hour),
		},
		ringTTL:   env.Duration("GATEHOUSE_RING_TTL", time.Second, 4*time.Minute), // a revocation waits for it
		cacheTime: env.Duration("GATEHOUSE_CACHE_TIME", time.Second, day),
	}
	return s, env.Err()
}

func isKMSKey(text string) bool {
	parsed, err := arn.Parse(text)
	return err == nil && parsed.Service == "kms"
}
