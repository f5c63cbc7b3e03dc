package ssmstore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/gatehouse-iac/gatehouse/internal/keystore"
)

// ListAPI has the operation of Parameter Store that reads a keyring.
type ListAPI interface {
	GetParametersByPath(context.Context, *ssm.GetParametersByPathInput, ...func(*ssm.Options)) (*ssm.GetParametersByPathOutput, error)
}

// Lister implements [keystore.Lister] with the SDK.
type Lister struct {
	api ListAPI
}

// NewLister returns the Lister that calls api.
func NewLister(api ListAPI) Lister { return Lister{api} }

// ListParameters implements [keystore.Lister].
func (l Lister) ListParameters(ctx context.Context, path, next string, decrypt bool) (keystore.Page, error) {
	in := &ssm.GetParametersByPathInput{
		Path:           aws.String(path),
		MaxResults:     aws.Int32(keystore.PageSize),
		WithDecryption: aws.Bool(decrypt),
	}
	if next != "" {
		in.NextToken = aws.String(next)
	}
	out, err := l.api.GetParametersByPath(ctx, in)
	if err != nil {
		return keystore.Page{}, err
	}
	page := keystore.Page{Next: aws.ToString(out.NextToken)}
	for _, parameter := range out.Parameters {
		page.Parameters = append(page.Parameters, keystore.Parameter{
			Name:     aws.ToString(parameter.Name),
			Value:    aws.ToString(parameter.Value),
			Modified: aws.ToTime(parameter.LastModifiedDate),
		})
	}
	return page, nil
}
