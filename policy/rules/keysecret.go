package rules

import (
	"fmt"
	"regexp"
	"strings"
)

// keySecret covers values that the state, previews and logs must not have in clear.
var keySecret = Rule{
	Name:        "key-secret",
	Description: "Keys and credentials are secrets in Pulumi.",
	check: func(r Resource) problems {
		return append(keysByType.check(r), inClear("", r.at())...)
	},
}

var keysByType = byType{
	"aws:cloudfront/distribution:Distribution": func(r Resource) (p problems) {
		for _, origin := range r.at("origins").each() {
			for _, header := range origin.at("customHeaders").each() {
				p.unless(header.at("value").isSecret(), fmt.Sprintf("origin %s: the value of the header %s must be a secret",
					origin.at("originId").text(), header.at("name").text()))
			}
		}
		return p
	},
	"aws:ssm/parameter:Parameter": func(r Resource) (p problems) {
		p.unless(r.at("value").isSecret(), "value must be a secret")
		return p
	},
	"kubernetes:core/v1:Secret": func(r Resource) (p problems) {
		for _, input := range []string{"data", "stringData"} {
			for key, entry := range r.at(input).fields() {
				p.unless(entry.isSecret(), fmt.Sprintf("%s of %s must be a secret", key, input))
			}
		}
		return p
	},
}

// secretName matches the names of inputs, and of environment variables, that must be
// secret in any resource.
var secretName = regexp.MustCompile(`(password|passphrase|privatekey|secretkey|accesskey|token|kubeconfig)$`)

// inClear finds strings with such a name that are not secret, at any depth.
func inClear(path string, v value) (p problems) {
	for name, field := range v.fields() {
		plain := strings.ToLower(strings.NewReplacer("_", "", "-", "").Replace(name))
		p.unless(!field.IsString() || field.isSecret() || !field.isSet() || !secretName.MatchString(plain), path+name+" must be a secret")
		p = append(p, inClear(path+name+".", field)...)
	}
	for i, element := range v.each() {
		p = append(p, inClear(fmt.Sprintf("%s%d.", path, i), element)...)
	}
	return p
}
