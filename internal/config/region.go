package config

import "regexp"

var regionPattern = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)

// foreignRegionPattern is of regions in partitions of their own. Credentials for one
// partition are worth nothing in another, and CloudFront's functions, certificates and
// firewall are made in us-east-1.
var foreignRegionPattern = regexp.MustCompile(`^(cn|us-gov|us-iso[a-z]*|eu-isoe)-`)

// region reads an AWS region. Without a default it may be nothing, for the stack's.
func (r *reader) region(key, defaultValue string) string {
	value := r.text(key, typeString, defaultValue)
	if value == "" && defaultValue == "" {
		return value
	}
	allowed := "an AWS region such as us-east-1"
	if defaultValue == "" {
		allowed += ", or nothing for the stack's"
	}
	switch {
	case !regionPattern.MatchString(value):
		r.refuse(key, "%s", allowed)
	case foreignRegionPattern.MatchString(value):
		r.refuse(key, "%s, of the partition aws: CloudFront needs us-east-1, which credentials for China, GovCloud or an isolated region can't reach", allowed)
	}
	return value
}
