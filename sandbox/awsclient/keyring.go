package awsclient

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// Keyring returns the values of the keys below a path, oldest first: their names are
// ordered by time.
func Keyring(ctx context.Context, endpoint, path string) ([]string, error) {
	type key struct{ name, value string }
	var keys []key
	pages := ssm.NewGetParametersByPathPaginator(ssm.NewFromConfig(Config(endpoint)), &ssm.GetParametersByPathInput{
		Path: aws.String(path), WithDecryption: aws.Bool(true),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the keyring: %w", err)
		}
		for _, p := range page.Parameters {
			keys = append(keys, key{aws.ToString(p.Name), aws.ToString(p.Value)})
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("the keyring %s is empty", path)
	}
	slices.SortFunc(keys, func(a, b key) int { return strings.Compare(a.name, b.name) })
	var values []string
	for _, k := range keys {
		const shortest = 16
		if len(k.value) < shortest {
			return nil, errors.New("a key of the keyring is too short to be one")
		}
		values = append(values, k.value)
	}
	return values, nil
}
