package diagnosis

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// symptom is a message of Pulumi or of a provider from which a finding follows.
type symptom struct {
	pattern *regexp.Regexp
	finding func(matches [][]string) Finding
}

// Output returns the findings in the output of a Pulumi command. A message that is repeated
// a hundred times is one finding, and a symptom of one problem is none of a later one: a
// certificate that isn't trusted is no server that can't be reached.
func Output(text string) []Finding {
	var findings []Finding
	for _, s := range all() {
		matches := s.pattern.FindAllStringSubmatch(text, -1)
		if len(matches) == 0 {
			continue
		}
		findings = append(findings, s.finding(matches))
		text = s.pattern.ReplaceAllLiteralString(text, "\n")
	}
	return findings
}

// all returns the symptoms, in the order in which problems must be fixed.
func all() []symptom { return slices.Concat(symptoms, ofVault, networks, ofKubernetes, ofAWS) }

// always returns the same finding for every match.
func always(f Finding) func([][]string) Finding {
	return func([][]string) Finding { return f }
}

// symptoms has those of Pulumi and of AWS credentials.
var symptoms = []symptom{
	{regexp.MustCompile(`(?s)the stack's configuration has \d+ problem\(s\).*?:\n((?: *- [^\n]*\n?)+)`), func(matches [][]string) Finding {
		return Finding{
			Section: "settings-wrong",
			Wrong:   "Settings of the stack are wrong or don't fit together:\n" + strings.TrimRight(matches[0][1], "\n"),
			Next:    []string{"Each line says what is allowed; docs/settings.md has all settings. Nothing was changed."},
		}
	}},
	{regexp.MustCompile(`no stack named '([^']*)' found`), func(matches [][]string) Finding {
		return Finding{
			Section: "stack-missing",
			Wrong:   fmt.Sprintf("The backend has no stack %s.", matches[0][1]),
			Next: []string{
				"Is it the right backend? `pulumi whoami -v`, `pulumi stack ls --all`; if not, `pulumi login URL`.",
				"Only if the stack was never deployed: `pulumi stack init`.",
			},
		}
	}},
	{regexp.MustCompile(`unable to open bucket|failed to open provided blob store|problem logging in`), always(Finding{
		Section: "backend-away",
		Wrong:   "The backend that keeps the state can't be reached.",
		Next: []string{
			"`pulumi whoami -v` names it: is the bucket's name right, and do the credentials of this shell reach it? `pulumi login URL` names another.",
		},
	})},
	{regexp.MustCompile(`incorrect passphrase`), always(Finding{
		Section: "passphrase",
		Wrong:   "The passphrase is not the one that the stack's secrets are encrypted with.",
		Next: []string{
			"Set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE, to the passphrase of this stack: each has its own.",
			"If it is lost, the secrets are, but not the stack: the runbook says how to give it another.",
		},
	})},
	{regexp.MustCompile(`passphrase must be set`), always(Finding{
		Section: "passphrase",
		Wrong:   "The stack's secrets are encrypted with a passphrase, and none is given.",
		Next:    []string{"Set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE, and run the command again."},
	})},
	{regexp.MustCompile(`failed to load checkpoint: *([^\n]*)`), func(matches [][]string) Finding { return damaged(matches[0][1]) }},
	{regexp.MustCompile(`snapshot integrity failure[^:]*: *([^\n]*)`), func(matches [][]string) Finding {
		return Finding{
			Section: "state-damaged",
			Wrong:   fmt.Sprintf("The stack's state contradicts itself (%s).", matches[0][1]),
			Next: []string{
				"Keep what there is: `pulumi stack export --file damaged.json`.",
				"`pulumi state repair`, then `pulumi preview --refresh`.",
			},
		}
	}},
	{regexp.MustCompile(`the stack is currently locked by[^\n]*\n[^\n]*created by ([^\n]*)`), func(matches [][]string) Finding {
		return Finding{
			Section: "stack-locked",
			Wrong:   fmt.Sprintf("Another deployment holds the stack's lock: %s.", matches[0][1]),
			Next: []string{
				"Does it still run? Then wait for it.",
				"If it was killed: `pulumi cancel`, and run the command again.",
			},
		}
	}},
	{regexp.MustCompile(`No valid credential sources found|failed to retrieve credentials|get credentials:`), always(Finding{
		Section: "credentials",
		Wrong:   "There are no AWS credentials.",
		Next: []string{
			"`aws sso login`, or AWS_PROFILE, or AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` says who you are then.",
			"Run the command again. Nothing was changed.",
		},
	})},
	{regexp.MustCompile(`ExpiredToken|RequestExpired|token has expired|InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|InvalidGrantException`), func(matches [][]string) Finding {
		return Finding{
			Section: "credentials",
			Wrong:   fmt.Sprintf("AWS doesn't accept the credentials (%s): they have expired, or are wrong.", matches[0][0]),
			Next: []string{
				"Renew them (`aws sso login`, or new keys); `aws sts get-caller-identity` says whether they are good.",
				"Run the command again: it goes on from where it was.",
			},
		}
	}},
	{regexp.MustCompile(`(?:User: (\S+) )?is not authorized to perform: (\S+)(?: on resource: (\S+))?`), missing},
	{regexp.MustCompile(`AccessDenied[^:\n]*: Access Denied`), always(Finding{
		Section: "permission-missing",
		Wrong:   "AWS refuses something to these credentials, and doesn't say what; mostly it is the bucket that keeps the state.",
		Next:    []string{"`aws sts get-caller-identity`: are these the credentials that were meant? The message above it says at what."},
	})},
	{regexp.MustCompile(`(?m)^\s*- \[mandatory\] +(\S+) +\(([^)]*)\)`), func(matches [][]string) Finding {
		var broken []string
		for _, match := range matches {
			broken = append(broken, match[1]+" by "+match[2])
		}
		return Finding{
			Section: "rule-broken",
			Wrong:   "The deployment breaks rules for its resources: " + strings.Join(broken, "; ") + ".",
			Next:    []string{"Fix the program; the rules are in policy/rules, their reasons in docs/security.md. Nothing was changed."},
		}
	}},
	{regexp.MustCompile(`the origin key that this update would send to CloudFront is no longer accepted`), always(Finding{
		Section: "old-key",
		Wrong:   "The update took longer than the origin keys' grace time, or keys were deleted by hand: it would send CloudFront a key that no longer exists.",
		Next:    []string{"`pulumi up` again; nothing was changed. Set rotationGrace above the time that updates take."},
	})},
	{regexp.MustCompile(`no origin key is known to every authorizer for sure|the keyring of origin keys is empty`), always(Finding{
		Section: "old-key",
		Wrong:   "There is no origin key that is old enough to be published.",
		Next:    []string{"Wait as long as the message says, then `pulumi up`. Nothing was changed."},
	})},
	{regexp.MustCompile(`this machine's clock is .* the API's`), always(Finding{
		Section: "clock",
		Wrong:   "This machine's clock is wrong, and origin keys are chosen by their age.",
		Next:    []string{"Set the clock, then `pulumi up`. Nothing was changed."},
	})},
	{regexp.MustCompile(`UnreservedConcurrentExecution below its minimum value`), always(Finding{
		Section: "quota-of-functions",
		Wrong:   "The account's quota of concurrent executions is too low to reserve any for a function.",
		Next: []string{
			"`pulumi config set rotationReservedConcurrency 0`, and modelReservedConcurrency and streamingReservedConcurrency likewise if they are set; `pulumi up` again.",
			"Ask for a higher quota: the runbook says how. New accounts have 10.",
		},
	})},
	{regexp.MustCompile(`as it is currently marked for protection`), always(Finding{
		Section: "protected",
		Wrong:   "The deployment would delete or replace what is protected.",
		Next: []string{
			"`pulumi preview --diff` says which change needs that. Is it wanted? Mostly it is a setting that can't be changed in place.",
			"If it is: docs/environments.md says how to unprotect and what is lost.",
		},
	})},
}

// missing returns one finding about all permissions that are missing.
func missing(matches [][]string) Finding {
	who := "The deployment's role"
	actions := map[string]bool{}
	for _, match := range matches {
		if match[1] != "" {
			who = match[1]
		}
		action := match[2]
		if match[3] != "" {
			action += " on " + match[3]
		}
		actions[action] = true
	}
	return Finding{
		Section: "permission-missing",
		Wrong:   fmt.Sprintf("%s may not %s.", who, strings.Join(slices.Sorted(maps.Keys(actions)), ", ")),
		Next: []string{
			"Are these the credentials that were meant? `aws sts get-caller-identity`.",
			"If they are, give them these permissions, or deploy with those that have them; an \"explicit deny\" comes from a boundary or an organization's policy.",
			"`pulumi up` again: what was done is kept, and it goes on from there.",
		},
	}
}
