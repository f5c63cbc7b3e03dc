package interrupted

import (
	"path"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/checkout"
	"github.com/gatehouse-iac/gatehouse/sandbox/env"
)

const (
	keyringPath = "/gatehouse/local/origin-key"

	firstRotationTimeout = 4 * time.Minute  // the schedule's first tick, and the rotation
	publishedAfter       = 30 * time.Second // of the key's creation, and every update agrees
)

// awaitFirstRotation waits until the key with which the stack was created was rotated, which
// the first tick of the schedule does. An update that meets it publishes the key before,
// and has changed the distribution then.
func awaitFirstRotation(t *testing.T, l checkout.Layout) {
	t.Helper()
	client := ssm.NewFromConfig(awsclient.Config(env.Find(l).Cloud.Endpoint()))
	for deadline := time.Now().Add(firstRotationTimeout); time.Now().Before(deadline); time.Sleep(time.Second) {
		found, err := client.GetParametersByPath(t.Context(), &ssm.GetParametersByPathInput{Path: aws.String(keyringPath)})
		if err != nil {
			t.Fatal(err)
		}
		for _, parameter := range found.Parameters {
			name, err := keyring.ParseName(path.Base(aws.ToString(parameter.Name)))
			if err != nil {
				t.Fatal(err)
			}
			if !name.IsFirst() && time.Since(name.Time()) > publishedAfter {
				return
			}
		}
	}
	t.Fatalf("the first key was not rotated within %s", firstRotationTimeout)
}
