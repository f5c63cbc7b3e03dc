// Package keystoretest stands in for Parameter Store in tests.
package keystoretest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// Fake is a Parameter Store in memory, as strict as the service where a caller
// could go wrong: no more than ten results or deletions in one call, no
// overwriting unasked, decryption only on demand. It is safe for concurrent use.
type Fake struct {
	// Now tells the time of a parameter's creation.
	Now func() time.Time

	// PageSize is how many parameters a page has at most, 10 if zero. Each listing
	// begins with an empty page, which the service may send at any time.
	PageSize int

	// Before, if set, is called before each operation with its name, outside of the
	// lock; an error that it returns is the operation's, which then does nothing.
	Before func(ctx context.Context, operation string) error

	// After, if set, is called after each operation, which then has taken effect;
	// an error that it returns takes the place of the reply.
	After func(ctx context.Context, operation string) error

	mu         sync.Mutex
	parameters map[string]types.Parameter
	keyIDs     map[string]string
	calls      map[string]int
}

// Set stores a SecureString, and replaces any that exists.
func (f *Fake) Set(parameter, value string, modified time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set(types.Parameter{
		Name:             aws.String(parameter),
		Type:             types.ParameterTypeSecureString,
		Value:            aws.String(value),
		LastModifiedDate: aws.Time(modified),
	})
}

// SetKey stores a key of the keyring below path.
func (f *Fake) SetKey(path string, key keyring.Key) {
	f.Set(path+"/"+string(key.Name), key.Value.Reveal(), key.Created)
}

func (f *Fake) set(parameter types.Parameter) {
	if f.parameters == nil {
		f.parameters = map[string]types.Parameter{}
	}
	f.parameters[*parameter.Name] = parameter
}

// Names returns the names of all parameters, sorted.
func (f *Fake) Names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.parameters))
}

// KeyID returns the KMS key that a parameter was stored with.
func (f *Fake) KeyID(parameter string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keyIDs[parameter]
}

// Calls returns how often an operation was called.
func (f *Fake) Calls(operation string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[operation]
}

// GetParametersByPath lists one page of what is directly below a path.
func (f *Fake) GetParametersByPath(ctx context.Context, in *ssm.GetParametersByPathInput, _ ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error) {
	return do(ctx, f, "GetParametersByPath", func() (*ssm.GetParametersByPathOutput, error) {
		size := int(aws.ToInt32(in.MaxResults))
		if size < 1 || size > 10 {
			return nil, fmt.Errorf("ValidationException: maxResults %d is not from 1 to 10", size)
		}
		if f.PageSize > 0 {
			size = min(size, f.PageSize)
		}
		if in.NextToken == nil {
			return &ssm.GetParametersByPathOutput{NextToken: aws.String("0")}, nil
		}
		start, err := strconv.Atoi(*in.NextToken)
		if err != nil {
			return nil, fmt.Errorf("InvalidNextToken: %w", err)
		}
		below := f.below(*in.Path)
		end := min(start+size, len(below))
		out := &ssm.GetParametersByPathOutput{}
		for _, name := range below[start:end] {
			parameter := f.parameters[name]
			if !aws.ToBool(in.WithDecryption) {
				parameter.Value = aws.String("AQICAHencrypted")
			}
			out.Parameters = append(out.Parameters, parameter)
		}
		if end < len(below) {
			out.NextToken = aws.String(strconv.Itoa(end))
		}
		return out, nil
	})
}

func (f *Fake) below(path string) []string {
	var names []string
	for name := range f.parameters {
		if rest, ok := strings.CutPrefix(name, path+"/"); ok && !strings.Contains(rest, "/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// PutParameter creates a parameter, or overwrites it if asked to. The account's default
// tier is the advanced one, for which the caller lacks a permission.
func (f *Fake) PutParameter(ctx context.Context, in *ssm.PutParameterInput, _ ...func(*ssm.Options)) (*ssm.PutParameterOutput, error) {
	return do(ctx, f, "PutParameter", func() (*ssm.PutParameterOutput, error) {
		if _, exists := f.parameters[*in.Name]; exists && !aws.ToBool(in.Overwrite) {
			return nil, &types.ParameterAlreadyExists{Message: aws.String("The parameter already exists.")}
		}
		if in.Tier != types.ParameterTierStandard {
			return nil, &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized to perform: kms:GenerateDataKey"}
		}
		f.set(types.Parameter{Name: in.Name, Type: in.Type, Value: in.Value, LastModifiedDate: aws.Time(f.Now())})
		if f.keyIDs == nil {
			f.keyIDs = map[string]string{}
		}
		f.keyIDs[*in.Name] = aws.ToString(in.KeyId)
		return &ssm.PutParameterOutput{Version: 1}, nil
	})
}

// DeleteParameters deletes up to ten parameters.
func (f *Fake) DeleteParameters(ctx context.Context, in *ssm.DeleteParametersInput, _ ...func(*ssm.Options)) (*ssm.DeleteParametersOutput, error) {
	return do(ctx, f, "DeleteParameters", func() (*ssm.DeleteParametersOutput, error) {
		if len(in.Names) < 1 || len(in.Names) > 10 {
			return nil, fmt.Errorf("ValidationException: %d names are not from 1 to 10", len(in.Names))
		}
		out := &ssm.DeleteParametersOutput{}
		for _, name := range in.Names {
			if _, exists := f.parameters[name]; !exists {
				out.InvalidParameters = append(out.InvalidParameters, name)
				continue
			}
			delete(f.parameters, name)
			out.DeletedParameters = append(out.DeletedParameters, name)
		}
		return out, nil
	})
}

// do runs one operation under the lock, between the two hooks.
func do[T any](ctx context.Context, f *Fake, operation string, run func() (*T, error)) (*T, error) {
	f.mu.Lock()
	if f.calls == nil {
		f.calls = map[string]int{}
	}
	f.calls[operation]++
	f.mu.Unlock()

	if f.Before != nil {
		if err := f.Before(ctx, operation); err != nil {
			return nil, err
		}
	}
	out, err := func() (*T, error) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return run()
	}()
	if err == nil && f.After != nil {
		if err := f.After(ctx, operation); err != nil {
			return nil, err
		}
	}
	return out, err
}
