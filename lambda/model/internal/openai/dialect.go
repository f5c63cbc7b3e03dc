package openai

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/gatehouse-iac/gatehouse/lambda/model/internal/chat"
)

// dialect describes in what a server differs from most.
type dialect struct {
	newLimit        bool // it takes max_completion_tokens, not max_tokens
	noStreamOptions bool // it refuses stream_options: its streams have no usage, or always
	noReasoning     bool // it refuses the reasoning of earlier messages
}

// limit returns the name of the member that limits the tokens of a reply.
func (d dialect) limit() string {
	if d.newLimit {
		return "max_completion_tokens"
	}
	return "max_tokens"
}

// request sends a conversation. If the server refuses a member in which dialects differ,
// it sends the conversation again without: a refused request was not computed.
func (p *Provider) request(ctx context.Context, c chat.Conversation, stream bool) (*http.Response, error) {
	known := p.dialects.of(c.Model)
	for d, limitTried := known, false; ; {
		got, err := p.do(ctx, http.MethodPost, "/chat/completions", requestBody(c, d, stream))
		var refused *refusal
		if !errors.As(err, &refused) {
			if err == nil && d != known {
				p.dialects.set(c.Model, d)
			}
			return got, err
		}
		next, changed := d.adjusted(refused.complaint, c, stream, limitTried)
		if !changed {
			return nil, err
		}
		limitTried = limitTried || next.newLimit != d.newLimit
		d = next
	}
}

var (
	// unsupported matches a complaint about a member itself, aboutValue one about its
	// value. The latter is final: under a name that the server doesn't know, the limit
	// would have no effect.
	unsupported = regexp.MustCompile(`(?i)unsupported|not.supported|n't.support|not.permitted|not.allowed|` +
		`recogni[sz]e|unknown|unexpected|forbidden|deprecated|use\W*max_`)
	aboutValue = regexp.MustCompile(`(?i)(unsupported|invalid).value|too.(large|big|high|small|low|long|many)|at.(most|least)|` +
		`(less|greater|more|fewer).than|exceed|maximum|minimum|range|(must|should).be|[<>≤≥]`)

	limitName     = regexp.MustCompile(`\bmax_(completion_)?tokens\b`)
	reasoningName = regexp.MustCompile(`\breasoning(_content)?\b`)
)

// adjusted returns the dialect without the member that a server complains about, and
// whether that was sent.
func (d dialect) adjusted(about complaint, c chat.Conversation, stream, limitTried bool) (dialect, bool) {
	text := about.all()
	switch {
	case stream && !d.noStreamOptions && (strings.Contains(text, "stream_options") || strings.Contains(text, "include_usage")):
		d.noStreamOptions = true
	case !unsupported.MatchString(text):
		return d, false
	case c.MaxTokens > 0 && !limitTried && limitName.MatchString(text) && !aboutValue.MatchString(text):
		d.newLimit = !d.newLimit
	case !d.noReasoning && sendsReasoning(c) && reasoningName.MatchString(text):
		d.noReasoning = true
	default:
		return d, false
	}
	return d, true
}

func sendsReasoning(c chat.Conversation) bool {
	for _, m := range c.Messages {
		if sentReasoning(m) != "" {
			return true
		}
	}
	return false
}

// dialects are those of a server's models, which it may route to different servers. They
// are learned from its refusals and kept for the life of the process.
type dialects struct {
	mu      sync.Mutex
	byModel map[string]dialect
}

func (d *dialects) of(model string) dialect {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.byModel[model]
}

func (d *dialects) set(model string, learned dialect) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.byModel == nil {
		d.byModel = map[string]dialect{}
	}
	d.byModel[model] = learned
}
