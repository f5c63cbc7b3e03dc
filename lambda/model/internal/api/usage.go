package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/clientstore"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/admission"
)

// usageReport is the response of GET /usage.
type usageReport struct {
	Client    string      `json:"client"`
	Budget    budgetState `json:"budget"`
	Rate      rateState   `json:"rate"`
	Data      []usageRow  `json:"data"`
	RequestID string      `json:"request_id"`
}

// budgetState has the state of a budget in its window: amounts in dollars, or tokens.
type budgetState struct {
	Limit     *json.Number `json:"limit"` // null for none
	Used      json.Number  `json:"used"`
	Held      json.Number  `json:"held"` // for requests that have not ended
	Left      *json.Number `json:"left"`
	Unit      string       `json:"unit"`
	Period    *string      `json:"period"`
	WindowEnd *string      `json:"window_end"`
}

type rateState struct {
	PerMinute  int `json:"requests_per_minute"`
	ThisMinute int `json:"requests_this_minute"`
	AtOnce     int `json:"requests_at_once"`
	Now        int `json:"requests_now"`
}

// usageRow has the requests of a UTC day to a model that were charged.
type usageRow struct {
	Day          string      `json:"day"`
	Model        string      `json:"model"`
	Requests     int64       `json:"requests"`
	InputTokens  int64       `json:"input_tokens"`
	OutputTokens int64       `json:"output_tokens"`
	Cost         json.Number `json:"cost"` // in dollars
}

// Days of usage that a request may ask for.
const (
	usageDays    = 31
	maxUsageDays = 400
)

// reportUsage handles GET /usage.
func (h *Handler) reportUsage(ctx context.Context, e *exchange) (*result, *problem) {
	days, problem := daysOf(e.event.Query)
	if problem != nil {
		return nil, problem
	}
	used, err := h.Admission.Usage(ctx, e.client.caller, days)
	if err != nil {
		return nil, h.clientProblem(e, &reader{}, err)
	}
	report := usageReport{
		Client: e.client.caller.Client, Budget: stateOf(used), Data: make([]usageRow, len(used.Rows)), RequestID: e.id,
		Rate: rateState{PerMinute: used.PerMinute, ThisMinute: used.ThisMinute, AtOnce: used.AtOnce, Now: used.Now},
	}
	for i, row := range used.Rows {
		report.Data[i] = rowOf(row)
	}
	return asJSON(report), nil
}

func daysOf(query map[string]string) (int, *problem) {
	given, found := query["days"]
	if !found {
		return usageDays, nil
	}
	days, err := strconv.Atoi(given)
	if err != nil || days < 1 || days > maxUsageDays || strconv.Itoa(days) != given {
		return 0, newProblem(http.StatusBadRequest, codeQuery, fmt.Sprintf("The query's days must be a whole number from 1 to %d.", maxUsageDays))
	}
	return days, nil
}

func stateOf(u admission.Usage) budgetState {
	b := u.Budget
	amount := func(n int64) json.Number { return amountOf(n, b.Unit) }
	state := budgetState{Used: amount(u.Used), Held: amount(u.Held), Unit: "usd"}
	if b.Unit == client.Tokens {
		state.Unit = "tokens"
	}
	if b.IsZero() {
		return state
	}
	_, period, _ := strings.Cut(b.String(), "/")
	limit, left := amount(b.Limit), amount(u.Left)
	state.Limit, state.Left, state.Period = &limit, &left, &period
	if !u.End.IsZero() {
		end := u.End.Format(time.RFC3339)
		state.WindowEnd = &end
	}
	return state
}

// amountOf writes an amount of a budget as a JSON number, in dollars or tokens.
func amountOf(n int64, unit client.Unit) json.Number {
	if unit == client.Tokens {
		return json.Number(strconv.FormatInt(n, 10))
	}
	return json.Number(price.Amount(n).String())
}

func rowOf(row clientstore.Row) usageRow {
	return usageRow{
		Day: row.Day.Format(time.DateOnly), Model: row.Model, Requests: row.Requests, InputTokens: row.Input, OutputTokens: row.Output,
		Cost: json.Number(row.Cost.String()),
	}
}

// revokeKey handles POST /key/revoke: it ends the key with which the request came, so that
// the finder of a key can end it. A key that was ended before stays ended.
func (h *Handler) revokeKey(ctx context.Context, e *exchange) (*result, *problem) {
	if err := h.Admission.EndKey(ctx, e.client.caller); err != nil {
		return nil, h.clientProblem(e, &reader{}, err)
	}
	e.client.revoked = true
	return &result{}, nil
}
