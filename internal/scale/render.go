package scale

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/costs"
)

// Bill returns the dollars of a month, without the model, by its requests.
type Bill func(requests costs.Requests) (usd float64, err error)

// Summary renders a row for each load: its busiest second, the limits that are met on the
// way from the load before, and the bill.
func Summary(all []Met, t Traffic, bill Bill) (string, error) {
	var out strings.Builder
	out.WriteString("| requests a day | in the busiest second | streams open | limits met on the way there | what to do | $ a month without the model |\n")
	out.WriteString("|---:|---:|---:|---|---|---:|\n")
	before := 0.0
	for _, load := range Loads() {
		usd, err := bill(t.perMonth(load))
		if err != nil {
			return "", err
		}
		busiest := t.Busiest(load)
		met, do := "none", "nothing"
		if now := Between(all, before, load); len(now) > 0 {
			met, do = list(now, func(q Met) string { return q.Short }, ", "), list(now, func(q Met) string { return q.Do }, "; ")
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s |\n", costs.Quantity(load), amount(busiest.Requests()), amount(busiest.StreamedOpen), met, do, costs.Quantity(math.Round(usd)))
		before = load
	}
	return out.String(), nil
}

// list joins a text of each quota, each text once.
func list(all []Met, text func(Met) string, separator string) string {
	var texts []string
	for _, q := range all {
		if t := text(q); !slices.Contains(texts, t) {
			texts = append(texts, t)
		}
	}
	return strings.Join(texts, separator)
}

// Table renders the quotas in the order in which they are met.
func Table(all []Met) string {
	var out strings.Builder
	out.WriteString("| quota | default | met by a day of | response beyond it | alarm |\n|---|---|---:|---|---|\n")
	for _, q := range all {
		fmt.Fprintf(&out, "| %s | %s %s | %s | %s | %s |\n", q.Name, costs.Quantity(q.Limit), q.Unit, costs.Quantity(round(q.PerDay)), q.Beyond, alarms(q.Alarms, q.Seen))
	}
	return out.String()
}

// Raises renders how each quota is raised, and where its number is from.
func Raises(all []Met) string {
	var out strings.Builder
	out.WriteString("| quota | how it is raised | source |\n|---|---|---|\n")
	for _, q := range all {
		fmt.Fprintf(&out, "| %s | %s | %s |\n", q.Name, q.Raise, q.Source)
	}
	return out.String()
}

// Uses renders the use of each quota at each load.
func Uses(all []Met) string {
	var out strings.Builder
	out.WriteString("| quota |")
	for _, load := range Loads() {
		out.WriteString(" " + costs.Quantity(load) + " |")
	}
	out.WriteString("\n|---|" + strings.Repeat("---:|", len(Loads())) + "\n")
	for _, q := range all {
		out.WriteString("| " + q.Short + " |")
		for _, load := range Loads() {
			out.WriteString(" " + share(q.Use(load)/q.Limit) + " |")
		}
		out.WriteString("\n")
	}
	return out.String()
}

// RequestTable renders the quotas of one request.
func RequestTable(all []Bound) string {
	var out strings.Builder
	out.WriteString("| quota | limit | here | response beyond it | alarm | source |\n|---|---|---|---|---|---|\n")
	for _, b := range all {
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s |\n", b.Name, b.Limit, b.Here, b.Beyond, alarms(b.Alarms, ""), b.Source)
	}
	return out.String()
}

// GuessesTable renders the reads of Parameter Store that guesses of origin keys cause.
func GuessesTable(s config.Settings) string {
	var out strings.Builder
	out.WriteString("| guesses | copies of the authorizer | reads a second |\n|---|---:|---:|\n")
	for _, row := range []struct {
		what string
		Guesses
	}{
		{fmt.Sprintf("`throttleRate` (%d) at each API, all the time", s.Gateway.ThrottleRate), Steady(s)},
		{fmt.Sprintf("`throttleBurst` (%d) at each API, at once", s.Gateway.ThrottleBurst), Burst(s)},
	} {
		fmt.Fprintf(&out, "| %s | %s | %s |\n", row.what, costs.Quantity(row.Copies), amount(row.Reads))
	}
	fmt.Fprintf(&out, "| quota | | %d; %d with higher throughput (%s) |\n", parameterReads, moreParameterReads, parameterQuotas)
	return out.String()
}

// Assumptions renders the traffic that the tables are computed from.
func Assumptions(t Traffic) string {
	kind := func(r costs.Request) string {
		return fmt.Sprintf("%s bytes in, %s out, %s tokens in, %s out, %s seconds", costs.Quantity(r.BytesIn), costs.Quantity(r.BytesOut),
			costs.Quantity(r.TokensIn), costs.Quantity(r.TokensOut), amount(r.ModelSeconds))
	}
	return fmt.Sprintf(`- The busiest second has %s times the requests of the average second. The load rises to it within %s seconds.
- %s of the requests are streamed: %s. The others are in one piece: %s.
- The largest client has %s of the requests, and sends them from one address.
`, amount(t.Peak), amount(t.Ramp.Seconds()), percent(t.Streamed), kind(t.Stream), kind(t.InOnePiece), percent(t.LargestClient))
}

// AsOf renders the date of the quotas.
func AsOf() string { return "Quotas of us-east-1 as of " + asOf + ".\n" }

// String renders a source as a link.
func (s Source) String() string {
	if s.Title == "" {
		return "this stack"
	}
	link := "[" + s.Title + "](" + s.URL + ")"
	if s.Check {
		link += "; check in Service Quotas"
	}
	return link
}

// alarms renders alarms as links to their sections of the runbook, and where a limit shows
// otherwise.
func alarms(names []string, seen string) string {
	var all []string
	for _, name := range names {
		all = append(all, "["+name+"](runbook.md#"+name+")")
	}
	if len(all) == 0 {
		all = append(all, "none")
	}
	if seen != "" {
		all = append(all, seen)
	}
	return strings.Join(all, ", ")
}

// share renders a part of a limit: in percent, and in multiples from ten times on.
func share(part float64) string {
	switch {
	case part < 0.01:
		return "< 1%"
	case part < 1:
		return percent(part)
	case part < 10:
		return "**" + percent(part) + "**"
	}
	return "**" + costs.Quantity(math.Round(part)) + "×**"
}

func percent(part float64) string { return strconv.FormatFloat(100*part, 'f', 0, 64) + "%" }

// amount renders whole numbers, and small ones with a digit.
func amount(n float64) string {
	if 0 < n && n < 0.05 {
		return "< 0.1"
	}
	if n >= 100 {
		n = math.Round(n)
	}
	return costs.Quantity(n)
}

// round returns a number with two significant digits.
func round(n float64) float64 {
	unit := math.Pow10(int(math.Floor(math.Log10(n))) - 1)
	return math.Round(n/unit) * unit
}
