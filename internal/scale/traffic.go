// Package scale computes at which load a stack meets which quota of AWS or limit of its own,
// from the stack's settings, and renders the tables of docs/scale.md.
package scale

import (
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/costs"
)

// Traffic describes how the requests of a day arrive.
type Traffic struct {
	Peak          float64       // requests of the busiest second, in averages of the day
	Streamed      float64       // share of requests with a streamed response
	LargestClient float64       // share of one client, which sends from one address
	Ramp          time.Duration // in which the load rises from the day's average to the busiest second

	InOnePiece, Stream costs.Request // the two kinds of requests
}

// Usual is the traffic that docs/scale.md assumes. Its requests are those of docs/costs.md.
var Usual = Traffic{
	Peak: 5, Streamed: 0.2, LargestClient: 0.1, Ramp: time.Minute,
	InOnePiece: costs.Usual, Stream: costs.Streamed,
}

// Moment describes a second: requests that begin in it, and those that are under way.
type Moment struct {
	InOnePiece, Streamed         float64 // requests that begin
	InOnePieceOpen, StreamedOpen float64 // executions of the functions, one for each request
}

// Requests returns all requests that begin in the second.
func (m Moment) Requests() float64 { return m.InOnePiece + m.Streamed }

// Open returns all requests that are under way.
func (m Moment) Open() float64 { return m.InOnePieceOpen + m.StreamedOpen }

const secondsOfADay = 24 * 60 * 60

// Busiest returns the busiest second of a day with this many requests.
func (t Traffic) Busiest(perDay float64) Moment { return t.second(perDay * t.Peak / secondsOfADay) }

// Average returns the average second of a day with this many requests.
func (t Traffic) Average(perDay float64) Moment { return t.second(perDay / secondsOfADay) }

func (t Traffic) second(requests float64) Moment {
	inOnePiece, streamed := requests*(1-t.Streamed), requests*t.Streamed
	return Moment{
		InOnePiece: inOnePiece, Streamed: streamed,
		InOnePieceOpen: inOnePiece * t.InOnePiece.ModelSeconds, StreamedOpen: streamed * t.Stream.ModelSeconds,
	}
}

// perMonth returns a month's requests of which a day has this many.
func (t Traffic) perMonth(perDay float64) costs.Requests {
	month := perDay * costs.DaysOfAMonth
	return costs.Requests{InOnePiece: month * (1 - t.Streamed), Streamed: month * t.Streamed}
}
