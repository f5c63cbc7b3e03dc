package costs

import (
	"strings"
	"time"
)

// DaysOfAMonth are the days of a month of 730 hours.
const DaysOfAMonth = hours / 24.0

// Requests are the requests of a month by how they are answered.
type Requests struct {
	InOnePiece, Streamed float64
}

// Month returns the bill of a month at rest and with these requests: those in one piece are
// [Usual], the streamed ones [Streamed]. A cached decision of the authorizer is paid by
// time, and so by no request.
func (p Prices) Month(resources []Resource, requests Requests, authorizerTTL, retention time.Duration) ([]Item, error) {
	bill, err := p.AtRest(resources)
	if err != nil {
		return nil, err
	}
	for _, part := range []struct {
		requests   float64
		perMillion func([]Resource, Request, time.Duration, time.Duration) ([]Item, error)
		request    Request
	}{
		{requests.InOnePiece, p.PerMillion, Usual},
		{requests.Streamed, p.StreamedPerMillion, Streamed},
	} {
		if part.requests == 0 {
			continue
		}
		items, err := part.perMillion(resources, part.request, authorizerTTL, retention)
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			if item.What != authorizerItem || authorizerTTL == 0 {
				item.Quantity *= part.requests / million
				item.USD *= part.requests / million
			}
			bill = append(bill, item)
		}
	}
	return sum(bill), nil
}

// WithoutModel returns the items that are not the model's.
func WithoutModel(items []Item) []Item {
	var others []Item
	for _, item := range items {
		if !strings.HasPrefix(item.What, modelItem) {
			others = append(others, item)
		}
	}
	return others
}
