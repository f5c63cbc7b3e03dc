package rotation

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
)

const (
	// apiOrigin is the API among the distribution's origins.
	apiOrigin = "api"

	// addedOrigin is one that the test adds by hand.
	addedOrigin = "added"

	addedComment = "changed by hand"
)

func (t *test) config(ctx context.Context) (*types.DistributionConfig, error) {
	got, err := t.account.cloudFront.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &t.distributionID})
	if err != nil {
		return nil, err
	}
	return got.DistributionConfig, nil
}

// addOrigin adds a second origin that has the key as well, as somebody does by hand,
// and changes the comment, which it returns as it was.
func (t *test) addOrigin(ctx context.Context) (comment string, err error) {
	got, err := t.account.cloudFront.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &t.distributionID})
	if err != nil {
		return "", err
	}
	config := got.DistributionConfig
	comment = aws.ToString(config.Comment)
	config.Comment = aws.String(addedComment)
	second := config.Origins.Items[0]
	second.Id = aws.String(addedOrigin)
	config.Origins.Items = append(config.Origins.Items, second)
	config.Origins.Quantity = aws.Int32(int32(len(config.Origins.Items)))
	_, err = t.account.cloudFront.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{
		Id: &t.distributionID, IfMatch: got.ETag, DistributionConfig: config,
	})
	return comment, err
}

// carryKeys fails unless each change of the distribution sent a key of the ring to the
// API, the same to each origin that has the header, and some did to a second origin.
func (t *test) carryKeys(sent []awsclient.OriginHeaders) error {
	if len(sent) == 0 {
		return errors.New("no change of the distribution was recorded")
	}
	onSecond := 0
	for _, change := range sent {
		keys := map[string]string{}
		for _, h := range change.Headers {
			if strings.EqualFold(h.Name, t.header) {
				keys[h.Origin] = h.Parameter
			}
		}
		key := keys[apiOrigin]
		if !strings.HasPrefix(key, t.keyPath+"/") {
			return fmt.Errorf("change %d of the distribution (%s) sent the API a header that is in no key of the ring", change.N, change.Operation)
		}
		if second, ok := keys[addedOrigin]; ok {
			if onSecond++; second != key {
				return fmt.Errorf("change %d of the distribution sent %s to one origin and %s to the other", change.N, key, second)
			}
		}
	}
	if onSecond < 2 {
		return fmt.Errorf("%d changes of the distribution had the second origin: it should have been added, and its header changed by a rotation", onSecond)
	}
	return nil
}
