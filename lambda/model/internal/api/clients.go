package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/admit"
	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/client"
	"github.com/gatehouse-iac/gatehouse/internal/credential"
	"github.com/gatehouse-iac/gatehouse/internal/metrics"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	oidc "github.com/gatehouse-iac/gatehouse/internal/token"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/admission"
)

// admitted has about an exchange what its admission decided.
type admitted struct {
	caller  *admission.Caller // nil for a request without one
	ticket  *admission.Ticket // nil if nothing was reserved
	settled admission.Settled
	reserve time.Duration     // of the reservation
	err     error             // of the table of clients
	headers map[string]string // of the response
	revoked bool              // the caller has ended its key
}

// identify sets the client of a request, and removes its credential. It returns a problem
// unless the client may use an endpoint with this access.
func (h *Handler) identify(ctx context.Context, e *exchange, who access) *problem {
	defer admission.RemoveCredentials(e.event.Headers)
	if who == openAccess {
		return nil
	}
	caller, err := h.Admission.Identify(ctx, e.event.Headers)
	if err == nil {
		e.client.caller = caller
	}
	if err == nil && who == clientAccess {
		// What reserves nothing has no write that would notice a change.
		err = h.Admission.Check(ctx, caller, e.event.RequestContext.HTTP.Method != http.MethodPost)
	}
	if err != nil {
		return h.clientProblem(e, &reader{}, err)
	}
	return nil
}

// models returns the models that the client may use.
func (h *Handler) models(e *exchange) []string {
	if e.client.caller == nil {
		return h.Limits.Models
	}
	return e.client.caller.Models(h.Limits.Models)
}

// limits returns the limits of a request. The first model that the client may use is its
// default.
func (h *Handler) limits(e *exchange) Limits {
	limits := h.Limits
	if models := h.models(e); len(models) > 0 {
		limits.Models = models
	}
	return limits
}

// checkAllowed returns a problem unless the client may use a model.
func (h *Handler) checkAllowed(ctx context.Context, e *exchange, model string) *problem {
	if h.Admission == nil {
		return nil
	}
	allowed, err := h.Admission.Allows(ctx, e.client.caller, model)
	switch {
	case err != nil:
		return h.clientProblem(e, &reader{}, err)
	case !allowed:
		return h.noSuchModel()
	}
	return nil
}

// reserve reserves what a request needs of its client's budget.
func (h *Handler) reserve(ctx context.Context, e *exchange, r *reader, need admission.Need) *problem {
	if h.Admission == nil {
		return nil
	}
	began := h.now()
	ticket, err := h.Admission.Reserve(ctx, e.client.caller, need)
	e.client.reserve = h.now().Sub(began)
	if err != nil {
		return h.clientProblem(e, r, err)
	}
	e.client.ticket = ticket
	e.client.setHeaders()
	return nil
}

// settle charges the client for a call of a model that has ended. Only the first call has
// an effect.
func (h *Handler) settle(ctx context.Context, e *exchange) {
	if e.client.ticket == nil {
		return
	}
	if settled, first := e.client.ticket.Settle(ctx, e.call.completion, e.cause); first {
		e.client.settled, e.client.err = settled, settled.Err
	}
}

// Headers with the state of a client's limits. Those of the rate have OpenAI's names.
const (
	budgetLeftHeader    = "x-gatehouse-budget-left"
	rateLimitHeader     = "x-ratelimit-limit-requests"
	rateRemainingHeader = "x-ratelimit-remaining-requests"
	rateResetHeader     = "x-ratelimit-reset-requests"
)

// setHeaders sets the headers of the response to the state after the reservation, or after
// the settlement.
func (a *admitted) setHeaders() {
	if a.ticket == nil {
		return
	}
	rate := a.ticket.Rate()
	a.headers = map[string]string{
		rateLimitHeader:     strconv.Itoa(rate.Limit),
		rateRemainingHeader: strconv.Itoa(rate.Remaining),
		rateResetHeader:     inSeconds(rate.Reset) + "s",
	}
	if left, unit, limited := a.ticket.Left(); limited {
		a.headers[budgetLeftHeader] = withUnit(left, unit)
	}
}

// withUnit writes an amount of a budget, such as "7.4213 usd".
func withUnit(amount int64, unit client.Unit) string {
	if unit == client.Tokens {
		return strconv.FormatInt(amount, 10) + " tokens"
	}
	return price.Amount(amount).String() + " usd"
}

// inSeconds writes a duration in whole seconds, rounded up, of which there is at least one.
func inSeconds(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}

// clientProblem returns the problem of a request that isn't admitted. It has nothing of
// its credential.
func (h *Handler) clientProblem(e *exchange, r *reader, err error) *problem {
	var refusal *budget.Refusal
	var reason oidc.Reason
	switch {
	case errors.As(err, &reason):
		return invalidToken(reason)
	case errors.Is(err, admission.ErrMissing):
		return missingCredential()
	case errors.Is(err, admission.ErrSeveral):
		return newProblem(http.StatusBadRequest, codeSeveralCredentials, "The request has several credentials. Send one.").
			with("www-authenticate", challenge+`, error="invalid_request"`)
	case errors.Is(err, admission.ErrForeign):
		return invalidKey(sentence(credential.ErrForm))
	case errors.Is(err, credential.ErrChecksum):
		return invalidKey(sentence(credential.ErrChecksum))
	case errors.Is(err, admission.ErrUnknown):
		return invalidKey(notValid)
	case errors.Is(err, admission.ErrToken):
		return invalidKey("Only a key can be ended: a token ends by itself.")
	case errors.As(err, &refusal):
		return h.refusalProblem(e, r, err, refusal)
	}
	e.client.err = err
	return newProblem(http.StatusServiceUnavailable, codeClientsUnavailable, "The table of clients can't be reached. Try again later.").
		with("retry-after", retryAfter)
}

// challenge is the challenge of the scheme Bearer (RFC 6750). It has no error code for a
// request without a credential.
const challenge = `Bearer realm="gatehouse"`

func missingCredential() *problem {
	const detail = "The request has no key. Send one as Authorization: Bearer <key>, or as X-API-Key."
	return newProblem(http.StatusUnauthorized, codeMissingCredential, detail).with("www-authenticate", challenge)
}

// notValid is the detail for a key that the table doesn't have, and for one that was taken
// off its client: it says nothing of whether a key ever existed.
const notValid = "The key is not valid."

func invalidKey(detail string) *problem {
	return newProblem(http.StatusUnauthorized, codeInvalidKey, detail).with("www-authenticate", challenge+`, error="invalid_token"`)
}

// invalidToken returns the problem of a token that isn't valid, or no client's. The reason
// is a fixed text without any part of the token.
func invalidToken(reason oidc.Reason) *problem {
	return newProblem(http.StatusUnauthorized, codeInvalidToken, sentence(reason)).
		with("www-authenticate", challenge+`, error="invalid_token", error_description="`+reason.Error()+`"`)
}

// sentence returns the text of an error as a sentence.
func sentence(err error) string {
	text := err.Error()
	return "T" + text[1:] + "."
}

func (h *Handler) refusalProblem(e *exchange, r *reader, err error, refusal *budget.Refusal) *problem {
	wait := refusal.RetryAt.Sub(h.Admission.Now())
	switch refusal.Reason {
	case budget.InvalidKey:
		return expiredKey(e.client.caller, refusal)
	case budget.Suspended:
		return newProblem(http.StatusForbidden, codeSuspended, "The client is suspended. Ask the API's operator.").
			with("www-authenticate", challenge+`, error="insufficient_scope"`)
	case budget.ModelNotAllowed:
		return h.noSuchModel()
	case budget.RateExceeded:
		return rateProblem(refusal, wait)
	case budget.TooManyAtOnce:
		detail := fmt.Sprintf("The client has %d requests at the same time, which is its limit.", refusal.Limit)
		return newProblem(http.StatusTooManyRequests, codeTooManyAtOnce, detail).with("retry-after", "2")
	}
	return budgetProblem(r, err, refusal, wait)
}

func rateProblem(refusal *budget.Refusal, wait time.Duration) *problem {
	detail := fmt.Sprintf("The client has sent %d requests this minute, which is its limit.", refusal.Limit)
	return newProblem(http.StatusTooManyRequests, codeRateExceeded, detail).
		with("retry-after", inSeconds(wait+rand.N(rateJitter))).
		with(rateLimitHeader, strconv.FormatInt(refusal.Limit, 10)).with(rateRemainingHeader, "0").with(rateResetHeader, inSeconds(wait)+"s")
}

// rateJitter spreads the retries of requests that a rate refused over the next minute's
// begin.
const rateJitter = 10 * time.Second

// expiredKey returns the problem of a key that isn't valid any more. The end of a key is
// known to its owner only.
func expiredKey(caller *admission.Caller, refusal *budget.Refusal) *problem {
	switch {
	case caller != nil && caller.Key == "":
		return missingCredential()
	case caller != nil && caller.Token && !refusal.Expired.IsZero():
		return invalidToken(admit.ClientEnded)
	case caller != nil && caller.Token:
		return invalidToken(admit.UnknownSubject)
	case !refusal.Expired.IsZero():
		return invalidKey("The key ended on " + refusal.Expired.UTC().Format(time.DateTime) + " UTC.")
	}
	return invalidKey(notValid)
}

// budgetProblem returns the problem of a request that doesn't fit into its client's budget.
func budgetProblem(r *reader, err error, refusal *budget.Refusal, wait time.Duration) *problem {
	detail := fmt.Sprintf("The request may cost more than is left of the client's budget of %s: %s.",
		refusal.Budget, withUnit(refusal.Left, refusal.Budget.Unit))
	var refused *admission.Refused
	if errors.As(err, &refused) && refused.Fitting > 0 {
		name := r.tokenLimit
		if name == "" {
			name = olderMaxTokens
		}
		detail += fmt.Sprintf(" It would fit with %s of at most %d.", name, refused.Fitting)
	}
	if refusal.Reason == budget.BudgetInUse {
		return newProblem(http.StatusTooManyRequests, codeBudgetInUse, detail+" Requests that have not ended hold some of it. Try again later.").
			with("retry-after", retryAfter)
	}
	if !refusal.RetryAt.IsZero() {
		detail += " The budget begins anew on " + refusal.RetryAt.UTC().Format(time.DateTime) + " UTC."
	}
	p := newProblem(http.StatusTooManyRequests, codeBudgetSpent, detail).final()
	p.Error.Type = codeBudgetSpent // as OpenAI's API has it
	if !refusal.RetryAt.IsZero() {
		p.with("retry-after", inSeconds(wait))
	}
	return p
}

// attrs returns what the log has of an admission: amounts in dollars.
func (a *admitted) attrs() []slog.Attr {
	if a.caller == nil {
		return nil
	}
	attrs := []slog.Attr{slog.String("client", a.caller.Client)}
	if a.caller.Key != "" {
		attrs = append(attrs, slog.String("key", a.caller.Key))
	}
	if a.caller.User != "" {
		attrs = append(attrs, slog.String("user", a.caller.User))
	}
	if a.revoked {
		attrs = append(attrs, slog.Bool("revoked", true))
	}
	if a.reserve > 0 {
		attrs = append(attrs, slog.Int64("reserveMilliseconds", a.reserve.Milliseconds()))
	}
	if a.ticket != nil {
		attrs = append(attrs, slog.Float64("hold", a.ticket.Hold().Cost.Dollars()),
			slog.Float64("cost", a.settled.Cost.Dollars()), slog.String("charged", string(a.settled.Charge)))
	}
	return attrs
}

// values returns the metrics of an admission.
func (a *admitted) values() []metrics.Value {
	if a.ticket == nil {
		return nil
	}
	values := []metrics.Value{metrics.Dollars(metrics.Spend, a.settled.Cost.Dollars())}
	if a.settled.Exceeded {
		values = append(values, metrics.Count(metrics.HoldExceeded, 1))
	}
	if a.settled.Expired > 0 {
		values = append(values, metrics.Count(metrics.HoldsExpired, a.settled.Expired))
	}
	if a.settled.Warning > 0 {
		values = append(values, metrics.Count(metrics.BudgetWarnings, 1))
	}
	return values
}

// logAdmission logs what an operator should know of an admission beside the request's line.
func (h *Handler) logAdmission(ctx context.Context, e *exchange) {
	a := &e.client
	if a.err != nil {
		h.Log.LogAttrs(ctx, slog.LevelError, "the table of clients failed", slog.String("requestId", e.id), slog.String("error", a.err.Error()))
	}
	if a.settled.Exceeded {
		h.Log.LogAttrs(ctx, slog.LevelWarn, "the request cost more than was held for it",
			slog.String("requestId", e.id), slog.String("client", a.caller.Client))
	}
	if a.settled.Warning > 0 {
		h.Log.LogAttrs(ctx, slog.LevelWarn, "the client's budget is nearly used", slog.String("requestId", e.id),
			slog.String("client", a.caller.Client), slog.Int("percent", a.settled.Warning))
	}
}
