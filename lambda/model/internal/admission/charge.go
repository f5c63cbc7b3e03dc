package admission

import (
	"errors"

	"github.com/gatehouse-iac/gatehouse/internal/budget"
	"github.com/gatehouse-iac/gatehouse/internal/price"
	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// outcome returns what a request is charged that ended with a completion, or an error of
// the backend: what it used, if the reply is whole and has its usage, though it may be
// malformed; nothing, if surely no model computed anything; else the hold.
func outcome(p price.Price, done chat.Completion, err error) (budget.Outcome, price.Usage) {
	switch {
	case chat.IsNotComputed(err):
		return budget.Outcome{Charge: budget.ChargedNothing}, price.Usage{}
	case err != nil && !errors.Is(err, chat.ErrMalformed), !counted(done):
		return budget.Outcome{Charge: budget.ChargedHold}, price.Usage{}
	}
	used := usage(done.Usage)
	return budget.Outcome{
		Charge: budget.ChargedUse,
		Use:    budget.Use{Cost: p.Cost(used), Tokens: used.Total()},
	}, used
}

// counted reports whether a completion's usage is that of the whole request. A server may
// return no usage, or none of the output.
func counted(done chat.Completion) bool {
	if done.Usage.InputTokens == 0 {
		return false
	}
	for _, choice := range done.Choices {
		if done.Usage.OutputTokens == 0 && choice.Text+choice.Refusal != "" {
			return false
		}
		if done.Usage.OutputTokens == 0 && len(choice.ToolCalls)+len(choice.Reasoning) > 0 {
			return false
		}
	}
	return true
}

// usage returns the tokens that are charged. Some servers count reasoning in the total
// only: it is output.
func usage(u chat.Usage) price.Usage {
	return price.Usage{
		Input:      u.InputTokens,
		Output:     max(u.OutputTokens, u.TotalTokens-u.InputTokens),
		CacheRead:  u.CachedTokens,
		CacheWrite: u.CacheWriteTokens,
	}
}
