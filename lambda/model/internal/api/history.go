package api

import (
	"slices"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// checkToolResults refuses results of calls that were not made, and calls without a
// result: neither OpenAI nor Bedrock accepts them. The results follow the message with
// the calls, in any order.
func (r *reader) checkToolResults(at pointer, messages []chat.Message) {
	for i := 0; i < len(messages); {
		calls := messages[i].ToolCalls
		if messages[i].Role == chat.RoleTool {
			r.refuse(at.element(i), "want a message of the assistant with tool_calls before it")
		}
		next := i + 1
		for next < len(messages) && len(calls) > 0 && messages[next].Role == chat.RoleTool {
			next++
		}
		r.checkResultsOf(at, calls, i, messages[i+1:next])
		i = next
	}
}

// checkResultsOf checks the results of the calls in message i, which follow it.
func (r *reader) checkResultsOf(at pointer, calls []chat.ToolCall, i int, results []chat.Message) {
	if extra := len(results) - len(calls); extra > 0 {
		r.refuse(at.element(i+1+len(calls)), "want one message with a result for each call only")
		results = results[:len(calls)]
	}
	for j, result := range results {
		isIt := func(m chat.Message) bool { return m.ToolCallID == result.ToolCallID }
		switch {
		case slices.ContainsFunc(results[:j], isIt):
			r.refuse(at.element(i+1+j).member("tool_call_id"), "want another call than that of an earlier result")
		case !slices.ContainsFunc(calls, func(c chat.ToolCall) bool { return c.ID == result.ToolCallID }):
			r.refuse(at.element(i+1+j).member("tool_call_id"), "want the id of a call in /messages/%d/tool_calls", i)
		}
	}
	for j, call := range calls {
		if !slices.ContainsFunc(results, func(m chat.Message) bool { return m.ToolCallID == call.ID }) {
			r.refuse(at.element(i).member("tool_calls").element(j), "want a message of the role tool with its result after it")
		}
	}
}
