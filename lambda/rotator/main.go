// Command rotator is the one function that changes the ring of origin keys. An
// event names the action; see [actions].
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

func main() {
	rotator, err := newRotator(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lambda.Start(rotator.handle)
}

func newRotator(ctx context.Context) (*rotator, error) {
	settings, err := readSettings(os.LookupEnv)
	if err != nil {
		return nil, err
	}
	sdk, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("configure the AWS SDK: %w", err)
	}
	return &rotator{
		store:  keystore.NewStore(ssm.NewFromConfig(sdk), settings.keyPath, settings.kmsKey),
		random: rand.Reader,
		now:    time.Now,
		log:    slog.New(slog.NewJSONHandler(os.Stdout, nil)),
	}, nil
}
