package e2etest

// Prices returns a price for each model, as the setting modelPrices has it. Tests that
// deploy models which the stack's own settings don't have need one for each.
func Prices(models ...string) []string {
	prices := make([]string, len(models))
	for i, model := range models {
		prices[i] = model + "=0.1/0.4"
	}
	return prices
}
