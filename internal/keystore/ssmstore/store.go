// Package ssmstore changes a ring of origin keys in Parameter Store, and reads it,
// through the AWS SDK.
//
// Nothing is ever overwritten, because Parameter Store can't compare before it
// does: what creates if absent, and deletes, can't lose another's key.
package ssmstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

// batchSize is how many parameters one call deletes at most.
const batchSize = 10

// ErrExists says that a key was not added because its name is taken. After a lost
// reply and a retry, it may be that very key.
var ErrExists = errors.New("a parameter of this name exists already")

// API is what a ring needs of Parameter Store.
type API interface {
	ListAPI
	PutParameter(context.Context, *ssm.PutParameterInput, ...func(*ssm.Options)) (*ssm.PutParameterOutput, error)
	DeleteParameters(context.Context, *ssm.DeleteParametersInput, ...func(*ssm.Options)) (*ssm.DeleteParametersOutput, error)
}

var _ API = (*ssm.Client)(nil)

// Store reads and changes the ring below one path.
type Store struct {
	keystore.Reader
	api    API
	path   string
	kmsKey string
}

// New returns the Store of the ring below path, whose new keys are encrypted
// with the KMS key of that ARN.
func New(api API, path, kmsKey string) Store {
	return Store{Reader: keystore.NewReader(NewLister(api), path), api: api, path: path, kmsKey: kmsKey}
}

// Add stores a new key. It returns [ErrExists] when the name is taken.
func (s Store) Add(ctx context.Context, name keyring.Name, value keyring.Value) error {
	_, err := s.api.PutParameter(ctx, &ssm.PutParameterInput{
		Name:  aws.String(s.parameter(name)),
		Value: aws.String(value.Reveal()),
		Type:  types.ParameterTypeSecureString,
		// Without it, the account's default counts: the advanced tier costs, and asks for
		// kms:GenerateDataKey, which the rotator's role has not.
		Tier:      types.ParameterTierStandard,
		KeyId:     aws.String(s.kmsKey),
		Overwrite: aws.Bool(false),
	})
	var exists *types.ParameterAlreadyExists
	if errors.As(err, &exists) {
		err = ErrExists
	}
	if err != nil {
		return fmt.Errorf("add origin key %s: %w", s.parameter(name), without(value, keystore.WithMend(err, "kms:Encrypt")))
	}
	return nil
}

// Delete deletes the keys of these names and returns how many of them there were:
// deleting a key that is gone is no error.
func (s Store) Delete(ctx context.Context, names ...keyring.Name) (int, error) {
	deleted := 0
	for batch := range slices.Chunk(names, batchSize) {
		parameters := make([]string, len(batch))
		for i, name := range batch {
			parameters[i] = s.parameter(name)
		}
		out, err := s.api.DeleteParameters(ctx, &ssm.DeleteParametersInput{Names: parameters})
		if err != nil {
			return deleted, fmt.Errorf("delete origin keys %s: %w", strings.Join(parameters, ", "), err)
		}
		deleted += len(out.DeletedParameters)
	}
	return deleted, nil
}

func (s Store) parameter(name keyring.Name) string { return s.path + "/" + string(name) }

// without returns err with its text free of value. A service may quote what it
// refused; wrapping such an error would carry the value along, so it is not.
func without(value keyring.Value, err error) error {
	text := err.Error()
	if !strings.Contains(text, value.Reveal()) {
		return err
	}
	return errors.New(strings.ReplaceAll(text, value.Reveal(), value.String()))
}
