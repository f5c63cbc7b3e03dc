// Package contract holds the test that the API and openapi.yaml say the same.
package contract
