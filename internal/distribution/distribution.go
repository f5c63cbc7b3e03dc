// Package distribution reads and changes the header of a CloudFront distribution's
// origins that carries the origin key.
//
// A distribution's configuration is only ever updated as a whole. What the AWS SDK
// does not know of it would be lost on the way through its types, so the text that
// CloudFront sent goes back to it, with nothing but that value replaced.
package distribution

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/gatehouse-iac/gatehouse/internal/keyring"
)

// deployed is CloudFront's word for a distribution whose edges all have its newest
// configuration.
const deployed = "Deployed"

// Target says which header of which distribution.
type Target struct {
	DistributionID string
	OriginID       string // of the API; the header is changed on every other origin that has it, too
	Header         string
}

// Distribution is one distribution, of which one header of its origins matters.
type Distribution struct {
	api    *cloudfront.Client
	target Target
}

// New returns the Distribution of the target.
func New(api *cloudfront.Client, target Target) Distribution {
	return Distribution{api: api, target: target}
}

// Version is one version of a distribution's configuration.
type Version struct {
	// Header is the header's value; zero when the API's origin has no such header, and
	// when two origins have different ones.
	Header keyring.Value

	// ETag names the version.
	ETag string

	// Modified is when the version was made, by CloudFront's clock.
	Modified time.Time

	// Deployed says that every edge has this version.
	Deployed bool

	// with returns the configuration with another value of the header. A function,
	// unlike what it holds, prints as an address, whatever verb prints it.
	with func(keyring.Value) ([]byte, error)
}

// Read returns the present version.
func (d Distribution) Read(ctx context.Context) (Version, error) {
	var text []byte
	out, err := d.api.GetDistribution(ctx,
		&cloudfront.GetDistributionInput{Id: aws.String(d.target.DistributionID)}, capture(&text))
	if err != nil {
		return Version{}, d.explain("read", "cloudfront:GetDistribution", err)
	}
	version, err := d.version(out, text)
	if err != nil {
		return Version{}, fmt.Errorf("distribution %s: %w", d.target.DistributionID, err)
	}
	return version, nil
}

func (d Distribution) version(out *cloudfront.GetDistributionOutput, text []byte) (Version, error) {
	if out.Distribution == nil || out.Distribution.LastModifiedTime == nil || aws.ToString(out.ETag) == "" {
		return Version{}, fmt.Errorf("CloudFront's answer lacks the configuration, its ETag or when it was modified")
	}
	doc, err := parseDocument(text)
	if err != nil {
		return Version{}, err
	}
	found, err := doc.find(d.target.OriginID, d.target.Header)
	if err != nil {
		return Version{}, err
	}
	return Version{
		Header:   keyring.HeaderValue(shared(found)),
		ETag:     *out.ETag,
		Modified: *out.Distribution.LastModifiedTime,
		Deployed: aws.ToString(out.Distribution.Status) == deployed,
		with: func(value keyring.Value) ([]byte, error) {
			return doc.with(found, d.target.Header, value.Reveal())
		},
	}, nil
}

// Publish replaces the header's value, or adds the header, if seen still is the
// present version. It returns [ErrConflict] when it is not.
func (d Distribution) Publish(ctx context.Context, seen Version, value keyring.Value) error {
	text, err := seen.with(value)
	if err != nil {
		return fmt.Errorf("distribution %s: %w", d.target.DistributionID, err)
	}
	_, err = d.api.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{
		Id:                 aws.String(d.target.DistributionID),
		IfMatch:            aws.String(seen.ETag),
		DistributionConfig: placeholder(),
	}, send(text))
	if err != nil {
		return d.explain("change", "cloudfront:UpdateDistribution", err, seen.Header, value)
	}
	return nil
}

// placeholder passes the SDK's check of its input. The text takes its place before
// it is signed.
func placeholder() *types.DistributionConfig {
	return &types.DistributionConfig{
		CallerReference: aws.String(""),
		Comment:         aws.String(""),
		Enabled:         aws.Bool(false),
		Origins:         &types.Origins{Quantity: aws.Int32(0), Items: []types.Origin{}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{
			TargetOriginId:       aws.String(""),
			ViewerProtocolPolicy: types.ViewerProtocolPolicyHttpsOnly,
		},
	}
}
