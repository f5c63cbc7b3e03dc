// Package keystore keeps a ring of origin keys in Parameter Store: each key is one
// SecureString directly below the ring's path, made once and never changed.
//
// Nothing is ever overwritten, because Parameter Store can't compare before it
// does: what creates if absent, and deletes, can't lose another's key.
package keystore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/internal/originkey"
)

// Parameter Store's limits for one call.
const (
	pageSize  = 10
	batchSize = 10
)

// ErrExists says that a key was not added because its name is taken. After a lost
// reply and a retry, it may be that very key.
var ErrExists = errors.New("a parameter of this name exists already")

// ReadAPI is what reading a ring needs of Parameter Store.
type ReadAPI interface {
	GetParametersByPath(context.Context, *ssm.GetParametersByPathInput, ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error)
}

// API is what changing a ring needs of Parameter Store.
type API interface {
	ReadAPI
	PutParameter(context.Context, *ssm.PutParameterInput, ...func(*ssm.Options)) (*ssm.PutParameterOutput, error)
	DeleteParameters(context.Context, *ssm.DeleteParametersInput, ...func(*ssm.Options)) (*ssm.DeleteParametersOutput, error)
}

var _ API = (*ssm.Client)(nil)

// Reader reads the ring below one path.
type Reader struct {
	api  ReadAPI
	path string
}

// NewReader returns the Reader of the ring below path.
func NewReader(api ReadAPI, path string) Reader {
	return Reader{api: api, path: path}
}

// Contents is what is stored below a ring's path.
type Contents struct {
	Ring originkey.Ring

	// Skipped are the parameters that are no keys. Somebody else made or changed
	// them: they are worth a warning and nothing more.
	Skipped []Skipped
}

// Skipped names a parameter that is no key, and says why.
type Skipped struct {
	Parameter string
	Reason    string
}

// Read returns the ring.
func (r Reader) Read(ctx context.Context) (Contents, error) {
	var found Contents
	var keys []originkey.Key
	err := r.each(ctx, true, func(parameter types.Parameter) error {
		key, err := r.keyOf(parameter)
		if err != nil {
			found.Skipped = append(found.Skipped, Skipped{aws.ToString(parameter.Name), err.Error()})
			return nil
		}
		if parameter.LastModifiedDate == nil {
			return fmt.Errorf("parameter %s came without its date of modification", *parameter.Name)
		}
		key.Created = *parameter.LastModifiedDate
		keys = append(keys, key)
		return nil
	})
	if err == nil {
		found.Ring, err = originkey.NewRing(keys...)
	}
	if err != nil {
		return Contents{}, fmt.Errorf("read the origin keys below %s: %w", r.path, withMend(err, "kms:Decrypt"))
	}
	return found, nil
}

// Names returns the names of all keys, those with a malformed value included. It
// decrypts nothing, so that it works after the KMS key was disabled too.
func (r Reader) Names(ctx context.Context) ([]originkey.Name, error) {
	var names []originkey.Name
	err := r.each(ctx, false, func(parameter types.Parameter) error {
		if name, err := r.nameOf(parameter); err == nil {
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the origin keys below %s: %w", r.path, err)
	}
	return names, nil
}

// each calls visit for each parameter directly below the path.
func (r Reader) each(ctx context.Context, decrypt bool, visit func(types.Parameter) error) error {
	pages := ssm.NewGetParametersByPathPaginator(r.api, &ssm.GetParametersByPathInput{
		Path:           aws.String(r.path),
		MaxResults:     aws.Int32(pageSize),
		WithDecryption: aws.Bool(decrypt),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, parameter := range page.Parameters {
			if err := visit(parameter); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r Reader) keyOf(parameter types.Parameter) (originkey.Key, error) {
	name, err := r.nameOf(parameter)
	if err != nil {
		return originkey.Key{}, err
	}
	value, err := originkey.ParseValue(aws.ToString(parameter.Value))
	if err != nil {
		return originkey.Key{}, err
	}
	return originkey.Key{Name: name, Value: value}, nil
}

func (r Reader) nameOf(parameter types.Parameter) (originkey.Name, error) {
	return originkey.ParseName(strings.TrimPrefix(aws.ToString(parameter.Name), r.path+"/"))
}

// Store reads and changes the ring below one path.
type Store struct {
	Reader
	api    API
	kmsKey string
}

// NewStore returns the Store of the ring below path, whose new keys are encrypted
// with the KMS key of that ARN.
func NewStore(api API, path, kmsKey string) Store {
	return Store{Reader: NewReader(api, path), api: api, kmsKey: kmsKey}
}

// Add stores a new key. It returns [ErrExists] when the name is taken.
func (s Store) Add(ctx context.Context, name originkey.Name, value originkey.Value) error {
	_, err := s.api.PutParameter(ctx, &ssm.PutParameterInput{
		Name:      aws.String(s.parameter(name)),
		Value:     aws.String(value.Reveal()),
		Type:      types.ParameterTypeSecureString,
		KeyId:     aws.String(s.kmsKey),
		Overwrite: aws.Bool(false),
	})
	var exists *types.ParameterAlreadyExists
	if errors.As(err, &exists) {
		err = ErrExists
	}
	if err != nil {
		return fmt.Errorf("add origin key %s: %w", s.parameter(name), without(value, withMend(err, "kms:Encrypt")))
	}
	return nil
}

// Delete deletes the keys of these names and returns how many of them there were:
// deleting a key that is gone is no error.
func (s Store) Delete(ctx context.Context, names ...originkey.Name) (int, error) {
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

func (s Store) parameter(name originkey.Name) string { return s.path + "/" + string(name) }

// withMend says what to do about a refusal by KMS: Parameter Store passes it on
// without the name of the permission.
func withMend(err error, action string) error {
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "AccessDeniedException" || !strings.Contains(refused.ErrorMessage(), "master key") {
		return err
	}
	return fmt.Errorf("%w (allow the role %s on the KMS key of the ring, and see that the key is there and enabled)", err, action)
}

// without returns err with its text free of value. A service may quote what it
// refused; wrapping such an error would carry the value along, so it is not.
func without(value originkey.Value, err error) error {
	text := err.Error()
	if !strings.Contains(text, value.Reveal()) {
		return err
	}
	return errors.New(strings.ReplaceAll(text, value.Reveal(), value.String()))
}
