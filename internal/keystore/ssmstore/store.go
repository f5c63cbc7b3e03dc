// Package ssmstore reads and changes a keyring of origin keys in Parameter Store, through
// the AWS SDK.
//
// It never overwrites a parameter, because Parameter Store has no compare-and-set:
// creating if absent, and deleting, can't lose a key that another run added.
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

// batchSize is the most parameters that one call deletes.
const batchSize = 10

// ErrExists is returned for a key that was not added because its name is taken. After a
// lost response and a retry, the parameter may be that very key.
var ErrExists = errors.New("a parameter of this name exists already")

// API has the operations of Parameter Store that change a keyring.
type API interface {
	ListAPI
	PutParameter(context.Context, *ssm.PutParameterInput, ...func(*ssm.Options)) (*ssm.PutParameterOutput, error)
	DeleteParameters(context.Context, *ssm.DeleteParametersInput, ...func(*ssm.Options)) (*ssm.DeleteParametersOutput, error)
}

var _ API = (*ssm.Client)(nil)

// Store reads and changes the keyring below one path.
type Store struct {
	keystore.Reader
	api    API
	path   string
	kmsKey string
}

// New returns the Store of the keyring below path, whose new keys are encrypted
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
		// Without it, the account's default applies: the advanced tier costs, and requires
		// kms:GenerateDataKey, which the rotator's role lacks.
		Tier:      types.ParameterTierStandard,
		KeyId:     aws.String(s.kmsKey),
		Overwrite: aws.Bool(false),
	})
	var exists *types.ParameterAlreadyExists
	if errors.As(err, &exists) {
		err = ErrExists
	}
	if err != nil {
		return fmt.Errorf("add origin key %s: %w", s.parameter(name), without(value, keystore.WithHint(err, "kms:Encrypt")))
	}
	return nil
}

// Delete deletes the keys of these names and returns how many of them existed: deleting a
// key that no longer exists is no error.
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

// without returns err without value in its message. A service may quote the parameter that
// it rejected; wrapping such an error would carry the value along, so it is not wrapped.
func without(value keyring.Value, err error) error {
	message := err.Error()
	if !strings.Contains(message, value.Reveal()) {
		return err
	}
	return errors.New(strings.ReplaceAll(message, value.Reveal(), value.String()))
}
