package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/gatehouse-iac/gatehouse/sandbox/awsclient"
	"github.com/gatehouse-iac/gatehouse/sandbox/pulumicli"
	"github.com/gatehouse-iac/gatehouse/test/e2e/e2etest"
)

// TestUpdatesDuringRotation deploys with the real engine under traffic, each time with
// something to change on the distribution's origin: what Pulumi's state knows of the header
// is out of date, or the rotator is at work meanwhile. No request may fail, and each change
// of the distribution must send a key of the keyring to every origin.
func TestUpdatesDuringRotation(t *testing.T) {
	s := attach(t)
	before, err := s.cloud.OriginHeaders(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	restored := false
	e2etest.Cleanup(t, "deploy the stack's own settings", func(ctx context.Context) error {
		if restored {
			return nil
		}
		_, err := s.env.Deploy(ctx, nil, func(string) {})
		return err
	})
	m, err := s.measure(t.Context(), func(o *observer) error {
		for _, update := range []struct {
			name string
			do   func(context.Context, *observer) error
		}{
			{"from a state of before two rotations, without a refresh", s.updateFromOldState},
			{"that removes a second origin, while the key rotates", s.updateWhileRotating},
			{"with the settings of before", s.updateBack},
		} {
			t.Logf("update %s", update.name)
			if err := update.do(t.Context(), o); err != nil {
				return fmt.Errorf("update %s: %w", update.name, err)
			}
		}
		restored = true
		return nil
	})
	m.log(t)
	if err := errors.Join(err, m.failed()); err != nil {
		t.Error(err)
	}
	changes, err := s.cloud.OriginHeaders(t.Context(), len(before))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d changes of the distribution", len(changes))
	if err := s.sendKeys(changes); err != nil {
		t.Error(err)
	}
	s.verifyCalls(t)
}

// updateFromOldState rotates twice, until no key of before is left, and then updates
// from the state of before.
func (s *suite) updateFromOldState(ctx context.Context, o *observer) error {
	state, err := s.env.Stack.Export(ctx)
	if err != nil {
		return err
	}
	old, err := o.keyring(ctx)
	if err != nil {
		return err
	}
	for range 2 {
		if err := s.rotateOnce(ctx); err != nil {
			return err
		}
	}
	if err := s.awaitDeleted(ctx, o, old); err != nil {
		return err
	}
	if err := s.env.Stack.Import(ctx, state); err != nil {
		return err
	}
	_, err = s.env.Stack.UpWithoutRefresh(ctx, map[string]any{"gatehouse:originReadTimeout": "50s"}, func(string) {})
	return err
}

// updateWhileRotating disables the origin shield while the key rotates continuously. The
// update also removes what was added by hand: another origin with the key, of which a
// rotation has changed the header as well, and another comment.
func (s *suite) updateWhileRotating(ctx context.Context, _ *observer) error {
	comment, err := s.addOrigin(ctx)
	if err != nil {
		return err
	}
	if err := s.rotateOnce(ctx); err != nil {
		return err
	}
	rotating, stop := context.WithCancel(ctx)
	defer stop()
	rotated := make(chan error, 1)
	go func() {
		rotations, err := s.keepRotating(rotating)
		if err == nil && rotations == 0 {
			err = errors.New("the key did not rotate during the update")
		}
		rotated <- err
	}()
	_, err = s.env.Stack.UpWith(ctx, map[string]any{"gatehouse:originShieldRegion": ""}, func(string) {})
	stop()
	if err := errors.Join(err, <-rotated); err != nil {
		return err
	}
	origins := 1
	if s.streams() {
		origins++
	}
	after, err := s.config(ctx)
	switch {
	case err != nil:
		return err
	case *after.Comment != comment:
		return fmt.Errorf("the distribution's comment is %q, want %q", *after.Comment, comment)
	case len(after.Origins.Items) != origins:
		return fmt.Errorf("the distribution has %d origins, want %d", len(after.Origins.Items), origins)
	}
	return nil
}

// updateBack deploys the stack's own settings, and previews it.
func (s *suite) updateBack(ctx context.Context, _ *observer) error {
	if _, err := s.env.Stack.UpWith(ctx, nil, func(string) {}); err != nil {
		return err
	}
	preview, err := s.env.Stack.Preview(ctx, func(string) {})
	if err == nil && preview != pulumicli.NoChange {
		err = fmt.Errorf("the preview after it shows %q, want %q", preview, pulumicli.NoChange)
	}
	return err
}

const (
	// apiOrigin is the API among the distribution's origins.
	apiOrigin = "api"

	// addedOrigin is an origin that the test adds by hand.
	addedOrigin = "added"

	addedComment = "changed by hand"
)

func (s *suite) config(ctx context.Context) (*types.DistributionConfig, error) {
	got, err := s.account.cloudFront.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &s.distributionID})
	if err != nil {
		return nil, err
	}
	return got.DistributionConfig, nil
}

// addOrigin adds another origin that has the key as well, as an operator does by hand, and
// changes the comment. It returns the comment of before.
func (s *suite) addOrigin(ctx context.Context) (comment string, err error) {
	got, err := s.account.cloudFront.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &s.distributionID})
	if err != nil {
		return "", err
	}
	config := got.DistributionConfig
	comment = aws.ToString(config.Comment)
	config.Comment = aws.String(addedComment)
	added := config.Origins.Items[0]
	added.Id = aws.String(addedOrigin)
	config.Origins.Items = append(config.Origins.Items, added)
	config.Origins.Quantity = aws.Int32(int32(len(config.Origins.Items)))
	_, err = s.account.cloudFront.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{
		Id: &s.distributionID, IfMatch: got.ETag, DistributionConfig: config,
	})
	return comment, err
}

// sendKeys returns an error unless each change of the distribution sent a key of the keyring
// to the API, the same to each origin that has the header, and some did to the added origin.
func (s *suite) sendKeys(changes []awsclient.OriginHeaders) error {
	if len(changes) == 0 {
		return errors.New("no change of the distribution was recorded")
	}
	onAdded := 0
	for _, change := range changes {
		keys := map[string]string{}
		for _, h := range change.Headers {
			if strings.EqualFold(h.Name, s.header) {
				keys[h.Origin] = h.Parameter
			}
		}
		key := keys[apiOrigin]
		if !strings.HasPrefix(key, s.keyPath+"/") {
			return fmt.Errorf("change %d of the distribution (%s) sent the API a header that is in no key of the keyring", change.N, change.Operation)
		}
		for origin, other := range keys {
			if other != key {
				return fmt.Errorf("change %d of the distribution sent %s to the API and %s to origin %s", change.N, key, other, origin)
			}
		}
		if _, ok := keys[addedOrigin]; ok {
			onAdded++
		}
	}
	if onAdded < 2 {
		return fmt.Errorf("%d changes of the distribution had the added origin, want at least 2: its addition, and a rotation of its header", onAdded)
	}
	return nil
}

func TestSendKeys(t *testing.T) {
	const (
		one    = `{"n":1,"operation":"UpdateDistribution","headers":[{"origin":"api","name":"X-Origin-Key","parameter":"/keyring/a"}]}`
		second = `{"n":2,"headers":[{"origin":"added","name":"x-origin-key","parameter":"/keyring/a"},{"origin":"api","name":"x-origin-key","parameter":"/keyring/a"}]}`
	)
	tested := suite{header: "x-origin-key", keyPath: "/keyring"}
	for name, of := range map[string]struct {
		changes string
		fails   string
	}{
		"keys everywhere":     {one + second + second + one, ""},
		"nothing":             {"", "no change"},
		"no second origin":    {one + one, "0 changes of the distribution had the added origin"},
		"an unknown value":    {second + second + `{"n":3,"operation":"UpdateDistribution","headers":[{"origin":"api","name":"x-origin-key","parameter":null}]}`, "change 3 of the distribution (UpdateDistribution)"},
		"another path":        {second + second + `{"n":4,"headers":[{"origin":"api","name":"x-origin-key","parameter":"/keyrings/a"}]}`, "change 4"},
		"another header":      {second + second + `{"n":5,"headers":[{"origin":"api","name":"x-other","parameter":"/keyring/a"}]}`, "change 5"},
		"only another origin": {second + second + `{"n":6,"headers":[{"origin":"added","name":"x-origin-key","parameter":"/keyring/a"}]}`, "change 6"},
		"two keys":            {second + `{"n":7,"headers":[{"origin":"added","name":"x-origin-key","parameter":"/keyring/b"},{"origin":"api","name":"x-origin-key","parameter":"/keyring/a"}]}`, "change 7 of the distribution sent /keyring/a to the API and /keyring/b to origin added"},
		"two keys of APIs":    {second + second + `{"n":8,"headers":[{"origin":"stream","name":"x-origin-key","parameter":"/keyring/b"},{"origin":"api","name":"x-origin-key","parameter":"/keyring/a"}]}`, "change 8 of the distribution sent /keyring/a to the API and /keyring/b to origin stream"},
	} {
		var changes []awsclient.OriginHeaders
		for decoder := json.NewDecoder(strings.NewReader(of.changes)); decoder.More(); {
			var change awsclient.OriginHeaders
			if err := decoder.Decode(&change); err != nil {
				t.Fatal(err)
			}
			changes = append(changes, change)
		}
		err := tested.sendKeys(changes)
		if (err == nil) != (of.fails == "") || err != nil && !strings.Contains(err.Error(), of.fails) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
