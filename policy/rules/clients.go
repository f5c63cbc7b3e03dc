package rules

// clients covers the table of clients, which has their policies and what they used: no
// deployment makes it again. That a protected table can't be deleted in AWS either is
// tested in internal/stack, because the SDK for packs in Go has no resource options.
var clients = Rule{
	Name:        "clients",
	Description: "Tables are encrypted, and can be restored to a point in time.",
	check: byType{
		"aws:dynamodb/table:Table": func(r Resource) (p problems) {
			// Without the input, DynamoDB encrypts with a key that it owns.
			encryption := r.at("serverSideEncryption")
			p.unless(encryption.IsNull() || encryption.at("enabled").isTrue() || !encryption.at("kmsKeyArn").isSet(),
				"serverSideEncryption must be enabled for its kmsKeyArn to have an effect")
			p.unless(r.at("pointInTimeRecovery", "enabled").isTrue(), "pointInTimeRecovery must be enabled: an operator's mistake can't be undone otherwise")
			return p
		},
	}.check,
}
