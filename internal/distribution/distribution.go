// Package distribution reads and changes the header of a CloudFront distribution's
// origins that carries the origin key.
//
// CloudFront updates a distribution's configuration only as a whole. Elements that the AWS
// SDK does not know would be lost in its types, so the document that CloudFront returned is
// sent back, with nothing but that value replaced.
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

// deployed is the status of a distribution whose newest configuration every edge location
// has.
const deployed = "Deployed"

// Target names a header of a distribution, and the origins that must have it. On every
// other origin that has it, it is changed as well.
type Target struct {
	DistributionID string
	OriginID       string // of the API; the distribution must have it

	// StreamOriginID is that of the API which streams; empty for none. The distribution
	// may lack it, because an update of the stack is just adding or removing that API.
	StreamOriginID string

	Header string
}

// Distribution reads and changes one header of one distribution.
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
	// Header is the header's value; zero when an origin that must have it has no such
	// header, and when two origins have different ones.
	Header keyring.Value

	// Origins are those that must have the header or have it, in the configuration's order.
	Origins []Origin

	// ETag names the version.
	ETag string

	// Modified is the time at which the version was made, by CloudFront's clock.
	Modified time.Time

	// Deployed reports that every edge location has this version.
	Deployed bool

	// with returns the configuration with another value of the header. A function prints
	// as an address with every verb, unlike the values that it captures.
	with func(keyring.Value) ([]byte, error)
}

// Origin is one origin of a distribution.
type Origin struct {
	ID     string
	Header keyring.Value // zero when it has no such header
}

// Read returns the present version.
func (d Distribution) Read(ctx context.Context) (Version, error) {
	var document []byte
	out, err := d.api.GetDistribution(ctx,
		&cloudfront.GetDistributionInput{Id: aws.String(d.target.DistributionID)}, capture(&document))
	if err != nil {
		return Version{}, d.explain("read", "cloudfront:GetDistribution", err)
	}
	version, err := d.version(out, document)
	if err != nil {
		return Version{}, fmt.Errorf("distribution %s: %w", d.target.DistributionID, err)
	}
	return version, nil
}

func (d Distribution) version(out *cloudfront.GetDistributionOutput, document []byte) (Version, error) {
	if out.Distribution == nil || out.Distribution.LastModifiedTime == nil || aws.ToString(out.ETag) == "" {
		return Version{}, fmt.Errorf("CloudFront's response lacks the configuration, its ETag or its time of modification")
	}
	doc, err := parseDocument(document)
	if err != nil {
		return Version{}, err
	}
	found, err := doc.find(d.target)
	if err != nil {
		return Version{}, err
	}
	return Version{
		Header:   keyring.HeaderValue(shared(found)),
		Origins:  origins(found),
		ETag:     *out.ETag,
		Modified: *out.Distribution.LastModifiedTime,
		Deployed: aws.ToString(out.Distribution.Status) == deployed,
		with: func(value keyring.Value) ([]byte, error) {
			return doc.with(found, d.target.Header, value.Reveal())
		},
	}, nil
}

// Publish sets the header's value on all origins in one update, and adds the header where
// it must be and is not, if version still is the present one. It returns [ErrConflict] when
// it is not.
func (d Distribution) Publish(ctx context.Context, version Version, value keyring.Value) error {
	document, err := version.with(value)
	if err != nil {
		return fmt.Errorf("distribution %s: %w", d.target.DistributionID, err)
	}
	_, err = d.api.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{
		Id:                 aws.String(d.target.DistributionID),
		IfMatch:            aws.String(version.ETag),
		DistributionConfig: placeholder(),
	}, send(document))
	if err != nil {
		return d.explain("change", "cloudfront:UpdateDistribution", err, version.Header, value)
	}
	return nil
}

// placeholder passes the SDK's validation of its input. The document replaces it before the
// request is signed.
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
