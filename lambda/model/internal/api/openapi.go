package api

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// document is the OpenAPI description of the API with the default settings. A line that
// depends on a setting ends with a comment that names it.
//
//go:embed openapi.yaml
var document string

// describe returns the OpenAPI description with these settings.
func describe(prefix string, limits Limits) string {
	models, err := json.Marshal(limits.Models) // JSON is YAML
	if err != nil {
		panic(fmt.Sprintf("a list of strings: %v", err))
	}
	values := map[string]string{
		"apiPrefix":        strconv.Quote(prefix),
		"modelIds":         string(models),
		"modelMaxTokens":   strconv.Itoa(limits.MaxTokens),
		"modelMaxBody":     strconv.Itoa(limits.MaxBody),
		"modelUnsupported": strconv.FormatBool(!limits.RefuseUnsupported),
	}
	var description strings.Builder
	for line := range strings.Lines(document) {
		before, setting, _ := strings.Cut(line, " # ")
		if value, marked := values[strings.TrimSpace(setting)]; marked {
			key, _, _ := strings.Cut(before, ": ")
			line = key + ": " + value + " # " + setting
		}
		description.WriteString(line)
	}
	return description.String()
}

func (h *Handler) describeAPI(context.Context, *exchange) (*result, *problem) {
	return &result{contentType: "application/yaml; charset=utf-8", text: describe(h.Prefix, h.Limits)}, nil
}
