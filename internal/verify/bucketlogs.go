package verify

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/gatehouse-iac/gatehouse/internal/check"
)

// The most that one search, and those after it, read. A busy distribution has more.
const (
	mostLogObjects = 500
	mostLogBytes   = 1 << 30 // uncompressed
	longestLogLine = 1 << 20
)

// clockSkew is the most by which the clocks of this machine and of S3 may differ.
const clockSkew = 5 * time.Minute

// BucketAPI are the methods of [s3.Client] that a search needs.
type BucketAPI interface {
	ListObjectsV2(ctx context.Context, input *s3.ListObjectsV2Input, options ...func(*s3.Options)) (*s3.ListObjectsV2Output, error)
	GetObject(ctx context.Context, input *s3.GetObjectInput, options ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// BucketLogs searches the objects that CloudFront delivers to a bucket: lines of JSON, compressed,
// in objects named AWSLogs/ACCOUNT/CloudFront/DISTRIBUTION.YYYY-MM-DD-HH.ID.gz after the hour of
// their requests.
type BucketLogs struct {
	api            BucketAPI
	bucket, prefix string

	read map[string]bool // the objects in which the line wasn't, by key
	left int64           // bytes that may still be read
}

// NewBucketLogs returns the access logs of a stack. The account is that of its ARNs.
func NewBucketLogs(api BucketAPI, o Outputs) (*BucketLogs, error) {
	topic, err := arn.Parse(o.AlarmsTopicARN)
	if err != nil {
		return nil, fmt.Errorf("the output alarmsTopicArn: %w", err)
	}
	return &BucketLogs{
		api: api, bucket: o.AccessLogsBucket, prefix: fmt.Sprintf("AWSLogs/%s/CloudFront/%s", topic.AccountID, o.DistributionID),
		read: map[string]bool{}, left: mostLogBytes,
	}, nil
}

// Has reads each object once, and returns [check.Inconclusive] if there are too many.
func (l *BucketLogs) Has(ctx context.Context, id string, since time.Time) (bool, error) {
	since = since.Add(-clockSkew)
	pages := s3.NewListObjectsV2Paginator(l.api, &s3.ListObjectsV2Input{
		Bucket: aws.String(l.bucket), Prefix: aws.String(l.prefix), StartAfter: aws.String(l.prefix + since.UTC().Format(".2006-01-02-15")),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, fmt.Errorf("list s3://%s/%s: %w", l.bucket, l.prefix, err)
		}
		for _, object := range page.Contents {
			if found, err := l.search(ctx, object, id, since); found || err != nil {
				return found, err
			}
		}
	}
	return false, nil
}

// search reports whether an object has the line, unless it is older than a time, or was read.
func (l *BucketLogs) search(ctx context.Context, object types.Object, id string, since time.Time) (bool, error) {
	key := aws.ToString(object.Key)
	if l.read[key] || aws.ToTime(object.LastModified).Before(since) {
		return false, nil
	}
	if len(l.read) == mostLogObjects {
		return false, l.tooMuch(id)
	}
	got, err := l.api.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(l.bucket), Key: object.Key})
	if err != nil {
		return false, fmt.Errorf("read s3://%s/%s: %w", l.bucket, key, err)
	}
	defer got.Body.Close()
	found, size, err := hasLine(got.Body, id, l.left)
	l.left -= size
	switch {
	case err != nil:
		return false, fmt.Errorf("read s3://%s/%s: %w", l.bucket, key, err)
	case found:
		return true, nil
	}
	l.read[key] = true
	if l.left <= 0 {
		return false, l.tooMuch(id)
	}
	return false, nil
}

// tooMuch is the error for logs that are larger than a search.
func (l *BucketLogs) tooMuch(id string) error {
	return check.Inconclusive(fmt.Sprintf("not in the first %d objects, of more than are read: search s3://%s for %s", len(l.read), l.bucket, id))
}

// hasLine reports whether compressed lines of JSON have one of a request, and how many bytes it has
// read of them, at most as many as given.
func hasLine(compressed io.Reader, id string, most int64) (found bool, size int64, err error) {
	content, err := gzip.NewReader(compressed)
	if err != nil {
		return false, 0, err
	}
	limited := &io.LimitedReader{R: content, N: most}
	lines := bufio.NewScanner(limited)
	lines.Buffer(nil, longestLogLine)
	for !found && lines.Scan() {
		found = bytes.Contains(lines.Bytes(), []byte(id)) && isOf(lines.Bytes(), id)
	}
	return found, most - limited.N, lines.Err()
}

// isOf reports whether a line is of a request.
func isOf(line []byte, id string) bool {
	var fields struct {
		ID string `json:"x-edge-request-id"`
	}
	return json.Unmarshal(line, &fields) == nil && fields.ID == id
}
