package verify

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

// Address says where requests to one of the stack's servers are sent.
type Address struct {
	URL  string // without a slash at its end
	Host string // in the Host header; empty for that of the URL
}

// Addresses are the servers of a stack.
type Addresses struct {
	Viewer Address // CloudFront
	Plain  Address // CloudFront, over plain HTTP
	API    Address // the HTTP API itself
	Stream Address // the REST API itself; empty without streaming
}

// Addresses returns the addresses that the outputs have, apart from those that connections
// replace.
func (o Outputs) Addresses(to Connections) Addresses {
	return Addresses{
		Viewer: to.address(o.URL), Plain: to.address(strings.Replace(o.URL, "https://", "http://", 1)),
		API: to.address(o.APIURL), Stream: to.address(o.StreamURL),
	}
}

// isLocal reports whether viewers' requests aren't encrypted: those to a stand-in for
// CloudFront.
func (a Addresses) isLocal() bool { return !strings.HasPrefix(a.Viewer.URL, "https://") }

// Connections replace the addresses of servers that DNS doesn't name. The last one that matches
// is used. It is a [flag.Value].
type Connections []connection

// connection replaces the scheme and the host of URLs.
type connection struct {
	scheme, host string // the host is a pattern of [path.Match]
	to           string
}

// String implements [flag.Value].
func (c *Connections) String() string { return fmt.Sprint(len(*c), " connections") }

// Set adds a connection, such as "https://*.example.com=http://127.0.0.1:8080".
func (c *Connections) Set(value string) error {
	from, to, found := strings.Cut(value, "=")
	scheme, host, hasScheme := strings.Cut(from, "://")
	_, err := path.Match(host, "")
	target, targetErr := url.Parse(to)
	if !found || !hasScheme || err != nil || targetErr != nil || target.Host == "" {
		return errors.New("want SCHEME://HOST=URL, such as https://*.example.com=http://127.0.0.1:8080")
	}
	*c = append(*c, connection{scheme, host, trim(to)})
	return nil
}

// address returns where to send requests to a URL. Hosts have no slash, which a pattern would
// not match.
func (c Connections) address(u string) Address {
	from, err := url.Parse(u)
	if err != nil || u == "" {
		return Address{URL: trim(u)}
	}
	address := Address{URL: trim(u)}
	for _, one := range c {
		if matches, _ := path.Match(one.host, from.Host); matches && one.scheme == from.Scheme {
			address = Address{URL: trim(one.to + from.Path), Host: from.Host}
		}
	}
	return address
}

func trim(u string) string { return strings.TrimSuffix(u, "/") }
