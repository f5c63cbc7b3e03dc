package config

import "regexp"

// Safeguards are what keeps people from losing what they can't get back. They are
// for production, and off by default.
type Safeguards struct {
	// Protect makes Pulumi refuse to delete or replace what the stack consists of.
	Protect bool

	// RetainOnDelete leaves logs in the account when the stack is destroyed.
	RetainOnDelete bool

	// PermissionsBoundaryARN is the policy that bounds every role of the stack; empty
	// for none.
	PermissionsBoundaryARN string

	// AlarmEmailRequired refuses a stack whose alarms tell nobody.
	AlarmEmailRequired bool
}

var boundaryPattern = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]{1,512}$`)

func readSafeguards(r *reader) Safeguards {
	return Safeguards{
		Protect:        r.boolean("protect", false),
		RetainOnDelete: r.boolean("retainOnDelete", false),
		PermissionsBoundaryARN: r.optional("permissionsBoundaryArn", boundaryPattern,
			"the ARN of an IAM policy such as arn:aws:iam::123456789012:policy/gatehouse-prod-boundary, or nothing"),
		AlarmEmailRequired: r.boolean("alarmEmailRequired", false),
	}
}

func (s Settings) checkSafeguards(r *reader) {
	if s.Safeguards.AlarmEmailRequired && s.Rotation.AlarmEmail == "" {
		r.refuse("alarmEmail", "an e-mail address, since alarmEmailRequired is true: somebody has to be told when the rotation fails")
	}
}
