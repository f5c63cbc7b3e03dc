package scale

import (
	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/costs"
)

// day has the load from which a use is computed.
type day struct {
	settings config.Settings
	traffic  Traffic
	requests float64
}

func (d day) busiest() Moment { return d.traffic.Busiest(d.requests) }

// The writes of a request in the table of clients, each of an item below 1 KB: its
// reservation and its settlement in the client's item, and its row of usage in another
// partition.
const (
	clientItemWrites = 2
	tableWrites      = costs.ClientWrites
)

func useOfClientAtOnce(d day) float64 { return d.busiest().Open() * d.traffic.LargestClient }

func useOfClientPerMinute(d day) float64 {
	return 60 * d.busiest().Requests() * d.traffic.LargestClient
}

func useOfClientItem(d day) float64 {
	return clientItemWrites * d.busiest().Requests() * d.traffic.LargestClient
}

func useOfTable(d day) float64 { return tableWrites * d.busiest().Requests() }

func useOfAddress(d day) float64 {
	return d.settings.Firewall.RateWindow.Seconds() * d.busiest().Requests() * d.traffic.LargestClient
}

func useOfModelRoute(d day) float64 { return d.busiest().InOnePiece }

func useOfStreamRoute(d day) float64 { return d.busiest().Streamed }

func useOfRequests(d day) float64 { return d.busiest().Requests() }

func useOfExecutions(d day) float64 { return d.busiest().Open() }

func useOfModelExecutions(d day) float64 { return d.busiest().InOnePieceOpen }

func useOfStreamExecutions(d day) float64 { return d.busiest().StreamedOpen }

// scalingSeconds are the seconds of Lambda's scaling rate.
const scalingSeconds = 10

// useOfScaling returns the executions that the function that streams adds in ten seconds
// while the load rises to that of the busiest second. It has more of them than the other.
func useOfScaling(d day) float64 {
	added := d.busiest().StreamedOpen - d.traffic.Average(d.requests).StreamedOpen
	return added * scalingSeconds / d.traffic.Ramp.Seconds()
}

// useOfTokens returns the tokens that Bedrock counts in a minute: those that are used, and for
// each request under way what its max_tokens exceeds them by, which is given back at its end.
func useOfTokens(d day) float64 {
	m := d.busiest()
	count := func(r costs.Request, begin, open float64) float64 {
		unused := max(0, float64(d.settings.Model.MaxTokens)-r.TokensOut)
		return 60*begin*(r.TokensIn+r.TokensOut) + open*unused
	}
	return count(d.traffic.InOnePiece, m.InOnePiece, m.InOnePieceOpen) + count(d.traffic.Stream, m.Streamed, m.StreamedOpen)
}

// useOfBandwidth returns the gigabits that CloudFront sends to viewers in a second.
func useOfBandwidth(d day) float64 {
	m := d.busiest()
	return 8 * (m.InOnePiece*d.traffic.InOnePiece.BytesOut + m.Streamed*d.traffic.Stream.BytesOut) / 1e9
}
