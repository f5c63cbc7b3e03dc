package bedrock

import (
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

// Estimates of the number of tokens. They only decide where a cache point may pay.
const (
	bytesPerToken  = 4
	tokensPerImage = 1600
)

var cachePoint = types.CachePointBlock{Type: types.CachePointTypeDefault}

// addCachePoints adds cache points where enough tokens are before them: after the tools,
// after the system prompt, and at the end of the user's last two turns. The last point is
// for the next request of the conversation, the one before finds what the previous
// request wrote. Four is the most that a request may have.
func addCachePoints(in *bedrockruntime.ConverseInput, f *family) {
	minimum := f.cacheMinimum
	tokens := toolTokens(in.ToolConfig)
	if tokens >= minimum && f.has(cachedTools) {
		in.ToolConfig.Tools = append(in.ToolConfig.Tools, &types.ToolMemberCachePoint{Value: cachePoint})
	}
	if system := systemTokens(in.System); system > 0 {
		if tokens += system; tokens >= minimum {
			in.System = append(in.System, &types.SystemContentBlockMemberCachePoint{Value: cachePoint})
		}
	}
	first, second := lastUserTurns(in.Messages)
	for i := range in.Messages {
		turn := &in.Messages[i]
		tokens += contentTokens(turn.Content)
		if (i == first || i == second) && tokens >= minimum && f.cachesAfter(turn.Content) {
			turn.Content = append(turn.Content, &types.ContentBlockMemberCachePoint{Value: cachePoint})
		}
	}
}

// cachesAfter reports whether the family accepts a cache point after the content of a
// turn. Nova rejects one right after a tool's result
// (https://github.com/earendil-works/pi/issues/2053).
func (f *family) cachesAfter(content []types.ContentBlock) bool {
	_, isResult := content[len(content)-1].(*types.ContentBlockMemberToolResult)
	return !isResult || f.has(cachedResults)
}

// lastUserTurns returns the indexes of the last two turns of the user, or -1.
func lastUserTurns(messages []types.Message) (last, previous int) {
	last, previous = -1, -1
	for i := range messages {
		if messages[i].Role == types.ConversationRoleUser {
			last, previous = i, last
		}
	}
	return last, previous
}

func toolTokens(config *types.ToolConfiguration) int {
	if config == nil {
		return 0
	}
	size := 0
	for _, tool := range config.Tools {
		spec, ok := tool.(*types.ToolMemberToolSpec)
		if !ok {
			continue
		}
		size += len(*spec.Value.Name)
		if spec.Value.Description != nil {
			size += len(*spec.Value.Description)
		}
		if schema, ok := spec.Value.InputSchema.(*types.ToolInputSchemaMemberJson); ok {
			size += len(schema.Value.(jsonText).text)
		}
	}
	return size / bytesPerToken
}

func systemTokens(blocks []types.SystemContentBlock) int {
	size := 0
	for _, block := range blocks {
		if text, ok := block.(*types.SystemContentBlockMemberText); ok {
			size += len(text.Value)
		}
	}
	return size / bytesPerToken
}

func contentTokens(content []types.ContentBlock) int {
	size, pictures := 0, 0
	for _, block := range content {
		switch block := block.(type) {
		case *types.ContentBlockMemberText:
			size += len(block.Value)
		case *types.ContentBlockMemberImage:
			pictures++
		case *types.ContentBlockMemberToolUse:
			size += len(block.Value.Input.(jsonText).text)
		case *types.ContentBlockMemberToolResult:
			for _, part := range block.Value.Content {
				if text, ok := part.(*types.ToolResultContentBlockMemberText); ok {
					size += len(text.Value)
				}
			}
		}
	}
	return size/bytesPerToken + pictures*tokensPerImage
}
