package token

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// Issuer is an issuer whose tokens are accepted.
type Issuer struct {
	Name     string // in the settings
	URL      string // that the claim iss must be, byte for byte
	Audience string // that the claim aud must contain
	Keys     KeySet
}

// MaxIssuers is the largest number of issuers of an API.
const MaxIssuers = 3

// IssuerForm describes what [ParseIssuer] reads.
const IssuerForm = "an issuer with its name, its https URL and an audience, such as corp=https://login.example.com|gatehouse"

var (
	issuerName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

	// Without the characters between the parts of an issuer, and between issuers.
	issuerText = regexp.MustCompile(`^[!-+\--{}~]{1,255}$`)
)

// ParseIssuer reads an issuer without keys, as the settings have it, and reports whether it
// is valid.
func ParseIssuer(written string) (Issuer, bool) {
	name, rest, named := strings.Cut(written, "=")
	address, audience, audible := strings.Cut(rest, "|")
	i := Issuer{Name: name, URL: address, Audience: audience}
	return i, named && audible && issuerName.MatchString(name) && issuerText.MatchString(audience) &&
		issuerText.MatchString(address) && IsIssuerURL(address)
}

// String writes the issuer as [ParseIssuer] reads it, without its keys.
func (i Issuer) String() string { return fmt.Sprintf("%s=%s|%s", i.Name, i.URL, i.Audience) }

// IsIssuerURL reports whether a text is the URL of an issuer: of the scheme https, without
// query and fragment (OpenID Connect Discovery 1.0, 3). The scheme http is for tests on
// this machine itself.
func IsIssuerURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Hostname() != "" && u.User == nil && !strings.ContainsAny(text, "?#") &&
		(u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()))
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// ParseIssuers reads issuers that are separated by commas, none from an empty text. It
// reports whether they are valid: at most [MaxIssuers], each name and each URL once.
func ParseIssuers(written string) ([]Issuer, bool) {
	if written == "" {
		return nil, true
	}
	var read []Issuer
	for one := range strings.SplitSeq(written, ",") {
		i, ok := ParseIssuer(one)
		if !ok {
			return nil, false
		}
		read = append(read, i)
	}
	return read, len(read) <= MaxIssuers && Repeated(read) == ""
}

// Repeated returns a name or a URL that two of the issuers have, or "".
func Repeated(issuers []Issuer) string {
	for n, i := range issuers {
		for _, other := range issuers[:n] {
			switch {
			case i.Name == other.Name:
				return i.Name
			case i.URL == other.URL:
				return i.URL
			}
		}
	}
	return ""
}

// JoinIssuers writes issuers as [ParseIssuers] reads them.
func JoinIssuers(issuers []Issuer) string {
	var written []string
	for _, i := range issuers {
		written = append(written, i.String())
	}
	return strings.Join(written, ",")
}
