// Package keystore reads a keyring of origin keys from Parameter Store: each key is
// one SecureString directly below the keyring's path, made once and never changed.
//
// It imports no SDK: the SDK's package for Parameter Store takes the authorizer longer to
// start than all the rest of it. Package ssmstore, which changes keyrings, uses the SDK.
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

// PageSize is the most parameters that Parameter Store lists at once.
const PageSize = 10

// Parameter is a listed parameter.
type Parameter struct {
	Name     string
	Value    string    // in clear only if decryption was requested
	Modified time.Time // zero if the service returned no date
}

// Page is one page of a list of parameters.
type Page struct {
	Parameters []Parameter
	Next       string // token of the next page; empty on the last
}

// Lister lists the parameters directly below a path in Parameter Store, page by page:
// next is empty for the first. Its errors wrap a [smithy.APIError] when the service
// returned an error.
type Lister interface {
	ListParameters(ctx context.Context, path, next string, decrypt bool) (Page, error)
}

// Reader reads the keyring below one path.
type Reader struct {
	parameters Lister
	path       string
}

// NewReader returns the Reader of the keyring below path.
func NewReader(parameters Lister, path string) Reader {
	return Reader{parameters: parameters, path: path}
}

// Contents holds the parameters below a keyring's path.
type Contents struct {
	Keyring keyring.Keyring

	// Skipped lists the parameters that are no keys. Gatehouse did not make them: they
	// are worth a warning and nothing more.
	Skipped []Skipped
}

// Skipped names a parameter that is no key, and says why.
type Skipped struct {
	Parameter string
	Reason    string
}

// Read returns the keyring.
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
		found.Keyring, err = keyring.New(keys...)
	}
	if err != nil {
		return Contents{}, fmt.Errorf("read the origin keys below %s: %w", r.path, WithHint(err, "kms:Decrypt"))
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

// KeyOf returns the key that a parameter of the keyring below path holds. If it holds
// none, the error doesn't contain the parameter's value.
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

// WithHint adds the missing permission, action, to an error of KMS: Parameter Store passes
// such an error on without it.
func WithHint(err error, action string) error {
	var apiError smithy.APIError
	if !errors.As(err, &apiError) || apiError.ErrorCode() != "AccessDeniedException" || !strings.Contains(apiError.ErrorMessage(), "master key") {
		return err
	}
	return fmt.Errorf("%w (allow the role %s on the KMS key of the keyring, and check that the key exists and is enabled)", err, action)
}

// PathForm describes the paths that [IsPath] accepts.
const PathForm = "a parameter path such as /gatehouse/dev/origin-key"

// maxPathLevels leaves one of Parameter Store's 15 levels for the keys.
const maxPathLevels = 14

// IsPath reports whether path can be that of a keyring.
func IsPath(path string) bool {
	rest, absolute := strings.CutPrefix(path, "/")
	if !absolute {
		return false
	}
	levels := strings.Split(rest, "/")
	for _, level := range levels {
		if level == "" || strings.ContainsFunc(level, notInPath) {
			return false
		}
	}
	return len(levels) <= maxPathLevels
}

func notInPath(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	digit := '0' <= r && r <= '9'
	return !letter && !digit && !strings.ContainsRune("-_.", r)
}
