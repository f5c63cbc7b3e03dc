package clients

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/gatehouse-iac/gatehouse/internal/config"
	"github.com/gatehouse-iac/gatehouse/internal/iampolicy"
)

// Access has what a function needs to use the table of clients.
type Access struct {
	Settings  config.Clients
	TableName pulumi.StringOutput
	TableARN  pulumi.StringOutput
}

// The partition keys of the table's items, as patterns of IAM.
const (
	keys     = "K#*" // of clients, by digest
	subjects = "J#*" // of an issuer's tokens, by digest
	issuers  = "I#*" // of tokens, with their public keys
	policies = "C#*" // of clients, with the counters of what they use
	usage    = "U#*" // of clients, by day and model
)

// Statements returns the permissions of the function behind the HTTP API: those of the one
// that streams, and to show the client's usage.
func (a *Access) Statements() []iampolicy.Statement {
	return append(a.StreamStatements(), a.allow("ShowUsage", "dynamodb:Query", usage))
}

// StreamStatements returns the permissions of the function that streams: it finds out whose
// a request is, reserves and settles what it costs, and counts the client's usage. It can
// neither make a client or a key by PutItem, nor delete an item, nor read the whole table.
func (a *Access) StreamStatements() []iampolicy.Statement {
	return []iampolicy.Statement{
		a.allow("FindClients", "dynamodb:GetItem", keys, subjects, issuers, policies),
		a.allow("CountRequests", "dynamodb:UpdateItem", policies, usage),
	}
}

// AuthorizerStatements returns the permissions of the authorizer of the private model: it
// finds out whose a request is, and reserves what it costs.
func (a *Access) AuthorizerStatements() []iampolicy.Statement {
	return []iampolicy.Statement{
		a.allow("FindClients", "dynamodb:GetItem", keys, subjects, issuers, policies),
		a.allow("CountRequests", "dynamodb:UpdateItem", policies),
	}
}

// issuerStatements returns the permissions of the function that reads issuers' keys: it
// stores them, and does nothing else.
func (a *Access) issuerStatements() []iampolicy.Statement {
	return []iampolicy.Statement{a.allow("StoreKeys", "dynamodb:PutItem", issuers)}
}

// allow returns a statement that allows an action on items with these partition keys. An
// action that names no partition key, such as Scan, must not be allowed so: for it, the
// condition is always true.
func (a *Access) allow(sid, action string, partitions ...string) iampolicy.Statement {
	return iampolicy.Statement{
		Sid:       sid,
		Actions:   []string{action},
		Resources: pulumi.StringArray{a.TableARN},
		Conditions: []iampolicy.Condition{{
			Operator: "ForAllValues:StringLike", Key: "dynamodb:LeadingKeys", Values: partitions,
		}},
	}
}
