package waf

import (
	"fmt"
	"strconv"
	"strings"
)

// numberAbove returns a regular expression for decimal numbers greater than limit,
// which is positive: AWS WAF compares no numbers. Leading zeros may be there.
func numberAbove(limit int) string {
	digits := strconv.Itoa(limit)
	// More digits, or the same until one is greater.
	ways := []string{fmt.Sprintf("[1-9][0-9]{%d,}", len(digits))}
	for i, digit := range digits {
		if digit == '9' {
			continue
		}
		way := digits[:i] + fmt.Sprintf("[%c-9]", digit+1)
		if rest := len(digits) - i - 1; rest > 0 {
			way += fmt.Sprintf("[0-9]{%d}", rest)
		}
		ways = append(ways, way)
	}
	return "^0*(" + strings.Join(ways, "|") + ")$"
}
