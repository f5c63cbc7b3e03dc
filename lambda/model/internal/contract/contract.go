// Package contract has the test that checks requests and responses of the API against
// openapi.yaml. It is a module of its own, so that the validator's dependencies stay out
// of the program's.
package contract
