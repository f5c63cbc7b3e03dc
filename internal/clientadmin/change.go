package clientadmin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gatehouse-iac/gatehouse/internal/client"
)

// The flags of a client's policy.
const (
	BudgetFlag    = "budget"
	PerMinuteFlag = "rpm"
	AtOnceFlag    = "parallel"
	ModelsFlag    = "models"
	InferenceFlag = "inference"
	ExpiresFlag   = "expires"
)

// PolicyFlags returns the flags that [ParseChange] reads.
func PolicyFlags() []string {
	return []string{BudgetFlag, PerMinuteFlag, AtOnceFlag, ModelsFlag, InferenceFlag, ExpiresFlag}
}

// Change has the new values of a policy. A nil member changes nothing.
type Change struct {
	Budget    *client.Budget
	PerMinute *int
	AtOnce    *int
	Models    *[]string // of a nil list: all
	Inference *bool
	Expires   *time.Time // zero for never
}

// IsZero reports whether nothing is to be changed.
func (c Change) IsZero() bool { return c == Change{} }

// ParseChange reads the flags of a command about a client, by their names without the
// hyphen. Its error has all problems.
func ParseChange(name string, flags map[string]string, now time.Time) (Change, error) {
	p := &problems{client: name}
	c := Change{}
	for _, flag := range PolicyFlags() {
		value, given := flags[flag]
		if !given {
			continue
		}
		switch flag {
		case BudgetFlag:
			c.Budget = parseBudget(p, value)
		case PerMinuteFlag:
			c.PerMinute = parseCount(p, flag, value, client.MaxPerMinute)
		case AtOnceFlag:
			c.AtOnce = parseCount(p, flag, value, client.MaxAtOnce)
		case ModelsFlag:
			c.Models = parseModels(p, value)
		case InferenceFlag:
			c.Inference = parseSwitch(p, flag, value)
		case ExpiresFlag:
			c.Expires = parseEnd(p, value, now)
		}
	}
	return c, p.err()
}

func parseBudget(p *problems, value string) *client.Budget {
	b, err := client.ParseBudget(value)
	if err != nil {
		p.add("-%s: %w", BudgetFlag, err)
	}
	return &b
}

func parseCount(p *problems, flag, value string, most int) *int {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > most {
		p.flag(flag, value, fmt.Sprintf("a number from 1 to %d; `suspend` refuses all requests", most))
	}
	return &n
}

// allModels is the value for no restriction.
const allModels = "all"

func parseModels(p *problems, value string) *[]string {
	if value == allModels {
		return new([]string)
	}
	models := strings.Split(value, ",")
	for _, model := range models {
		if model == "" || strings.ContainsAny(model, " \t\r\n=") {
			p.flag(ModelsFlag, value, "ids of models with commas between them, such as amazon.nova-micro-v1:0, or "+allModels)
			break
		}
	}
	slices.Sort(models)
	models = slices.Compact(models)
	return &models
}

func parseSwitch(p *problems, flag, value string) *bool {
	if value != "true" && value != "false" {
		p.flag(flag, value, "true or false")
	}
	return new(value == "true")
}

// apply returns the policy with the change.
func (c Change) apply(p client.Policy) client.Policy {
	set(&p.Budget, c.Budget)
	set(&p.PerMinute, c.PerMinute)
	set(&p.AtOnce, c.AtOnce)
	set(&p.Models, c.Models)
	set(&p.Inference, c.Inference)
	set(&p.Expires, c.Expires)
	return p
}

func set[T any](member, value *T) {
	if value != nil {
		*member = *value
	}
}
