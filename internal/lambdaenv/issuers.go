package lambdaenv

import "github.com/gatehouse-iac/gatehouse/internal/token"

// Issuers holds the environment of the function that reads the keys of issuers.
type Issuers struct {
	ClientsTable string         // name of the DynamoDB table of clients
	Issuers      []token.Issuer // without keys, at least one
}

// Variables returns the variables that [ParseIssuers] reads. The table's name is left out if
// it is empty, since the program knows it as an output only.
func (i Issuers) Variables() map[string]string {
	variables := map[string]string{OIDCIssuersVariable: token.JoinIssuers(i.Issuers)}
	if i.ClientsTable != "" {
		variables[ClientsTableVariable] = i.ClientsTable
	}
	return variables
}

// ParseIssuers reads the environment. Its error names every problem.
func ParseIssuers(lookup Lookup) (Issuers, error) {
	r := reader{lookup: lookup}
	i := Issuers{
		ClientsTable: r.string(ClientsTableVariable, "the name of the DynamoDB table of clients", isTableName),
		Issuers:      r.issuers(),
	}
	if r.optional(OIDCIssuersVariable) == "" {
		r.reject(OIDCIssuersVariable, "", "at least one: "+token.IssuerForm)
	}
	return i, r.err()
}
