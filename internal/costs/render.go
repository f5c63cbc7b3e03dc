package costs

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Column holds a bill with its heading.
type Column struct {
	Heading string
	Items   []Item
}

// Table renders bills side by side: a line for each item, in the order of the first
// bill, with quantity and dollars.
func Table(columns ...Column) string {
	var out strings.Builder
	out.WriteString("| |")
	for _, c := range columns {
		out.WriteString(" " + c.Heading + " | |")
	}
	out.WriteString("\n|---|" + strings.Repeat("---|---:|", len(columns)) + "\n")
	for _, what := range things(columns) {
		out.WriteString("| " + what + " |")
		for _, c := range columns {
			i := slices.IndexFunc(c.Items, func(item Item) bool { return item.What == what })
			if i < 0 {
				out.WriteString(" – | |")
				continue
			}
			out.WriteString(fmt.Sprintf(" %s %s | %s |", Quantity(c.Items[i].Quantity), unit(c.Items[i]), dollars(c.Items[i].USD)))
		}
		out.WriteString("\n")
	}
	out.WriteString("| **together** |")
	for _, c := range columns {
		out.WriteString(" | **" + dollars(Total(c.Items)) + "** |")
	}
	return out.String() + "\n"
}

// unit is singular for one.
func unit(item Item) string {
	if item.Quantity == 1 {
		return strings.TrimSuffix(item.Unit, "s")
	}
	return item.Unit
}

func things(columns []Column) []string {
	var all []string
	for _, c := range columns {
		for _, item := range c.Items {
			if !slices.Contains(all, item.What) {
				all = append(all, item.What)
			}
		}
	}
	return all
}

// PriceList renders the unit prices.
func PriceList(p Prices) string {
	var out strings.Builder
	out.WriteString("| price | $ | per | |\n|---|---:|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(p.Prices)) {
		price := p.Prices[name]
		fmt.Fprintf(&out, "| `%s` | %s | %s | [list](%s) |\n", name, strconv.FormatFloat(price.USD, 'f', -1, 64), price.Per, price.Source)
	}
	return out.String()
}

// dollars writes cents, and more where there are only parts of one.
func dollars(usd float64) string {
	if usd > 0 && usd < 0.01 {
		return "< 0.01"
	}
	return strconv.FormatFloat(usd, 'f', 2, 64)
}

// Quantity writes whole numbers in groups of three, and small ones with two digits.
func Quantity(q float64) string {
	if q < 100 && q != float64(int64(q)) {
		return strconv.FormatFloat(q, 'f', 1, 64)
	}
	text := strconv.FormatFloat(q, 'f', 0, 64)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}

// Fill replaces the parts of a document between the markers of their names:
// <!-- name --> … <!-- /name -->. It returns an error if a marker is missing.
func Fill(document string, parts map[string]string) (string, error) {
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
		from, to := strings.Index(document, begin), strings.Index(document, end)
		if from < 0 || to < from {
			return "", fmt.Errorf("the document lacks the markers %q and %q", strings.TrimSpace(begin), end)
		}
		document = document[:from+len(begin)] + parts[name] + document[to:]
	}
	return document, nil
}
