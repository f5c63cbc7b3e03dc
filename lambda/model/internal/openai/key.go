package openai

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// Parameters is the part of Parameter Store that is used: an [ssm.Client].
type Parameters interface {
	GetParameter(context.Context, *ssm.GetParameterInput, ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

var _ Parameters = (*ssm.Client)(nil)

// keyTTL is the age at which a key is read again.
const keyTTL = 5 * time.Minute

// Parameter is a [Key] in a SecureString of Parameter Store, so that no environment
// variable has it. It caches the key in memory.
type Parameter struct {
	API  Parameters
	Name string

	mu    sync.Mutex
	value string
	read  time.Time
}

// Get implements [Key].
func (p *Parameter) Get(ctx context.Context, stale string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.value != "" && p.value != stale && time.Since(p.read) < keyTTL {
		return p.value, nil
	}
	out, err := p.API.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(p.Name), WithDecryption: aws.Bool(true)})
	if err != nil {
		return "", fmt.Errorf("read the key of the model's server: %w", err)
	}
	p.value, p.read = strings.TrimSpace(aws.ToString(out.Parameter.Value)), time.Now()
	return p.value, nil
}
