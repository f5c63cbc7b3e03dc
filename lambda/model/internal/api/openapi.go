package api

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// document is the description of the API as it is with the default settings. Where
// others make a difference, the line ends with a comment that names the setting.
//
//go:embed openapi.yaml
var document string

// describe returns the description of the API as it is with these settings.
func describe(prefix string, limits Limits) string {
	models, err := json.Marshal(limits.Models) // JSON is YAML
	if err != nil {
		panic(fmt.Sprintf("a list of strings: %v", err))
	}
	values := map[string]string{
		"apiPrefix":      strconv.Quote(prefix),
		"modelIds":       string(models),
		"modelMaxTokens": strconv.Itoa(limits.MaxTokens),
		"modelMaxBody":   strconv.Itoa(limits.MaxBody),
	}
	var text strings.Builder
	for line := range strings.Lines(document) {
		before, setting, _ := strings.Cut(line, " # ")
		if value, marked := values[strings.TrimSpace(setting)]; marked {
			key, _, _ := strings.Cut(before, ": ")
			line = key + ": " + value + " # " + setting
		}
		text.WriteString(line)
	}
	return text.String()
}

func (h *Handler) describeItself(context.Context, *exchange) (*answer, *problem) {
	return &answer{contentType: "application/yaml; charset=utf-8", text: describe(h.Prefix, h.Limits)}, nil
}
