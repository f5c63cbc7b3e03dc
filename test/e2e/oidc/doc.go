// Package oidc has an end-to-end test of tokens as credentials of clients on the local
// stack, with an issuer of its own that rotates its keys.
package oidc
