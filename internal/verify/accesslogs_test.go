package verify

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gatehouse-iac/gatehouse/internal/check"
)

// logObject is an object in a bucket of access logs.
type logObject struct {
	at      time.Time
	content []byte
}

// logBucket is a bucket whose lists have pages of one object.
type logBucket struct {
	objects map[string]logObject
	reads   []string
}

func (b *logBucket) ListObjectsV2(_ context.Context, in *s3.ListObjectsV2Input, _ ...func(*s3.Options)) (*s3.ListObjectsV2Output, error) {
	if aws.ToString(in.Bucket) != "logs" {
		return nil, errors.New("AccessDenied")
	}
	after := max(aws.ToString(in.StartAfter), aws.ToString(in.ContinuationToken))
	var keys []string
	for key := range b.objects {
		if strings.HasPrefix(key, aws.ToString(in.Prefix)) && key > after {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return &s3.ListObjectsV2Output{}, nil
	}
	first := slices.Min(keys)
	return &s3.ListObjectsV2Output{
		Contents:    []types.Object{{Key: aws.String(first), LastModified: aws.Time(b.objects[first].at)}},
		IsTruncated: aws.Bool(len(keys) > 1), NextContinuationToken: aws.String(first),
	}, nil
}

func (b *logBucket) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	key := aws.ToString(in.Key)
	b.reads = append(b.reads, key)
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(b.objects[key].content))}, nil
}

// compressed returns lines of requests with these ids, as CloudFront writes them.
func compressed(ids ...string) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	for _, id := range ids {
		fmt.Fprintf(w, `{"timestamp(ms)":"1","cs(Host)":"d1.cloudfront.net","x-edge-request-id":"%s","sc-status":"200"}`+"\n", id)
	}
	_ = w.Close()
	return out.Bytes()
}

const (
	edgeID = "kBkWq_x-1Zg=="
	below  = "AWSLogs/123456789012/CloudFront/E1"
)

var noon = time.Date(2026, 12, 1, 12, 2, 0, 0, time.UTC)

func bucketLogs(t *testing.T, b *logBucket) *BucketLogs {
	t.Helper()
	l, err := NewBucketLogs(b, Outputs{AccessLogsBucket: "logs", DistributionID: "E1", AlarmsTopicARN: "arn:aws:sns:eu-west-1:123456789012:gatehouse-dev-alarms"})
	require.NoError(t, err)
	return l
}

func TestALineIsFoundInWhatWasDelivered(t *testing.T) {
	late := noon.Add(time.Hour)
	b := &logBucket{objects: map[string]logObject{
		below + ".2026-12-01-10.aa.gz":                     {late, compressed(edgeID)}, // of requests before
		below + ".2026-12-01-11.bb.gz":                     {noon.Add(-time.Hour), compressed(edgeID)},
		below + ".2026-12-01-12.cc.gz":                     {late, compressed("other", edgeID+"x", `","cs-uri-stem":"`+edgeID)},
		"AWSLogs/123456789012/CloudFront/E2.2026-12-01-12": {late, compressed(edgeID)},
	}}
	l := bucketLogs(t, b)
	for range 2 {
		found, err := l.Has(t.Context(), edgeID, noon)
		require.NoError(t, err)
		assert.False(t, found)
	}
	assert.Equal(t, []string{below + ".2026-12-01-12.cc.gz"}, b.reads, "once")

	b.objects[below+".2026-12-01-12.bb.gz"] = logObject{late, compressed("other", edgeID)}
	for range 2 {
		found, err := l.Has(t.Context(), edgeID, noon)
		require.NoError(t, err)
		assert.True(t, found)
	}
}

func TestALineOfTheHourBeforeIsFound(t *testing.T) {
	b := &logBucket{objects: map[string]logObject{below + ".2026-12-01-11.aa.gz": {noon, compressed(edgeID)}}}
	found, err := bucketLogs(t, b).Has(t.Context(), edgeID, noon)
	require.NoError(t, err)
	assert.True(t, found, "the clocks differ by minutes")
}

func TestTheSearchIsBounded(t *testing.T) {
	b := &logBucket{objects: map[string]logObject{}}
	for i := range mostLogObjects + 1 {
		b.objects[fmt.Sprintf("%s.2026-12-01-12.%04d.gz", below, i)] = logObject{noon, compressed("other")}
	}
	_, err := bucketLogs(t, b).Has(t.Context(), edgeID, noon)
	require.Equal(t, check.Inconclusive("not in the first 500 objects, of more than are read: search s3://logs for "+edgeID), err)
	assert.Len(t, b.reads, mostLogObjects)

	b.objects = map[string]logObject{below + ".2026-12-01-12.aa.gz": {noon, compressed("a", "b", "c", edgeID)}}
	l := bucketLogs(t, b)
	l.left = 200
	_, err = l.Has(t.Context(), edgeID, noon)
	require.ErrorContains(t, err, "not in the first 1 objects")
}

func TestLogsThatCantBeReadAreNamed(t *testing.T) {
	b := &logBucket{objects: map[string]logObject{below + ".2026-12-01-12.aa.gz": {noon, []byte("{}")}}}
	l := bucketLogs(t, b)
	_, err := l.Has(t.Context(), edgeID, noon)
	require.ErrorContains(t, err, "s3://logs/"+below+".2026-12-01-12.aa.gz: ")
	l.bucket = "other"
	_, err = l.Has(t.Context(), edgeID, noon)
	require.EqualError(t, err, "list s3://other/"+below+": AccessDenied")
	_, err = NewBucketLogs(b, Outputs{})
	require.ErrorContains(t, err, "alarmsTopicArn")
}

// arriving are logs that have a line from the third search on.
type arriving struct{ searches int }

func (a *arriving) Has(context.Context, string, time.Time) (bool, error) {
	a.searches++
	return a.searches > 2, nil
}

func waitingSuite(logs AccessLogs, wait time.Duration) *Suite {
	return &Suite{Outputs: Outputs{AccessLogsBucket: "logs"}, AccessLogs: logs, Wait: wait, edgeID: edgeID}
}

func TestWaitingForAccessLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := &arriving{}
		r := waitingSuite(logs, 30*time.Minute).accessLogs()[0].Do(t.Context())
		require.NoError(t, r.Err)
		assert.Equal(t, "delivered after 6s", r.Got)

		r = waitingSuite(&arriving{-1000}, 30*time.Minute).accessLogs()[0].Do(t.Context())
		require.ErrorContains(t, r.Err, "nothing of "+edgeID+" was delivered to logs in 30m0s")

		ctx, interrupt := context.WithTimeout(t.Context(), time.Minute)
		defer interrupt()
		require.ErrorIs(t, waitingSuite(&arriving{-1000}, 30*time.Minute).accessLogs()[0].Do(ctx).Err, context.DeadlineExceeded)
	})
}

func TestAccessLogsAreLeftOut(t *testing.T) {
	assert.Equal(t, "-wait (WAIT=30m) waits for them", waitingSuite(nil, 0).accessLogs()[0].LeftOut)
	s := waitingSuite(nil, time.Minute)
	s.Outputs.AccessLogsBucket = ""
	assert.Equal(t, "accessLogsEnabled is off", s.accessLogs()[0].LeftOut)
	s = waitingSuite(&arriving{}, time.Minute)
	s.edgeID = ""
	require.EqualError(t, s.accessLogs()[0].Do(t.Context()).Err, "no request had an id of CloudFront's")
}
