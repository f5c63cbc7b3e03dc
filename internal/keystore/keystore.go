// Package keystore reads a ring of origin keys from Parameter Store: each key is
// one SecureString directly below the ring's path, made once and never changed.
//
// It knows no SDK, whose packages for Parameter Store take the authorizer longer to
// start than all the rest of it. Package ssmstore, which changes rings, has one.
package keystore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// PageSize is how many parameters Parameter Store lists at once, at most.
const PageSize = 10

// Parameter is a parameter as it is listed.
type Parameter struct {
	Name     string
	Value    string    // in clear only where decryption was asked for
	Modified time.Time // zero if the service did not say
}

// Page is a part of a list of parameters.
type Page struct {
	Parameters []Parameter
	Next       string // asks for the next page; empty on the last
}

// Lister lists what is directly below a path in Parameter Store, page by page:
// next is empty for the first. Its errors wrap a [smithy.APIError] when the service
// refused.
type Lister interface {
	ListParameters(ctx context.Context, path, next string, decrypt bool) (Page, error)
}

// Reader reads the ring below one path.
type Reader struct {
	parameters Lister
	path       string
}

// NewReader returns the Reader of the ring below path.
func NewReader(parameters Lister, path string) Reader {
	return Reader{parameters: parameters, path: path}
}

// Contents is what is stored below a ring's path.
type Contents struct {
	Ring keyring.Ring

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
	var keys []keyring.Key
	err := r.each(ctx, true, func(parameter Parameter) error {
		key, err := KeyOf(r.path, parameter)
		if err != nil {
			found.Skipped = append(found.Skipped, Skipped{parameter.Name, err.Error()})
			return nil
		}
		if parameter.Modified.IsZero() {
			return fmt.Errorf("parameter %s came without its date of modification", parameter.Name)
		}
		keys = append(keys, key)
		return nil
	})
	if err == nil {
		found.Ring, err = keyring.NewRing(keys...)
	}
	if err != nil {
		return Contents{}, fmt.Errorf("read the origin keys below %s: %w", r.path, WithMend(err, "kms:Decrypt"))
	}
	return found, nil
}

// Names returns the names of all keys, those with a malformed value included. It
// decrypts nothing, so that it works after the KMS key was disabled too.
func (r Reader) Names(ctx context.Context) ([]keyring.Name, error) {
	var names []keyring.Name
	err := r.each(ctx, false, func(parameter Parameter) error {
		if name, err := nameOf(r.path, parameter); err == nil {
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
func (r Reader) each(ctx context.Context, decrypt bool, visit func(Parameter) error) error {
	for next, more := "", true; more; more = next != "" {
		page, err := r.parameters.ListParameters(ctx, r.path, next, decrypt)
		if err != nil {
			return err
		}
		for _, parameter := range page.Parameters {
			if err := visit(parameter); err != nil {
				return err
			}
		}
		next = page.Next
	}
	return nil
}

// KeyOf returns the key that a parameter of the ring below path holds, and an error
// without the parameter's value if it holds none.
func KeyOf(path string, parameter Parameter) (keyring.Key, error) {
	name, err := nameOf(path, parameter)
	if err != nil {
		return keyring.Key{}, err
	}
	value, err := keyring.ParseValue(parameter.Value)
	if err != nil {
		return keyring.Key{}, err
	}
	return keyring.Key{Name: name, Value: value, Created: parameter.Modified}, nil
}

func nameOf(path string, parameter Parameter) (keyring.Name, error) {
	return keyring.ParseName(strings.TrimPrefix(parameter.Name, path+"/"))
}

// WithMend says what to do about a refusal by KMS, which Parameter Store passes on
// without the name of the permission: action is that.
func WithMend(err error, action string) error {
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "AccessDeniedException" || !strings.Contains(refused.ErrorMessage(), "master key") {
		return err
	}
	return fmt.Errorf("%w (allow the role %s on the KMS key of the ring, and see that the key is there and enabled)", err, action)
}
