// Package client has the clients of the API: their policies, their budgets, and the item
// of the table that holds both with what is used and held of them. It is pure: no clock,
// no AWS calls.
package client

import (
	"fmt"
	"strings"
)

// Anonymous is the client that requests without a credential belong to, where the
// settings allow them.
const Anonymous = "anonymous"

// MaxName is the maximum length of a client's name.
const MaxName = 32

// CheckName returns an error unless a client may have the name s: lower-case letters,
// digits and hyphens.
func CheckName(s string) error {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-"
	if s == "" || len(s) > MaxName || strings.Trim(s, allowed) != "" || strings.HasPrefix(s, "-") || strings.HasSuffix(s, "-") {
		return fmt.Errorf("client name %q: want at most %d lower-case letters, digits and hyphens, with none of the last at an end", s, MaxName)
	}
	return nil
}
