package config

import "regexp"

// Safeguards protect what can't be restored once it is lost. They are for production,
// and off by default.
type Safeguards struct {
	// Protect makes Pulumi refuse to delete or replace what the stack consists of.
	Protect bool

	// RetainOnDelete leaves logs in the account when the stack is destroyed.
	RetainOnDelete bool

	// PermissionsBoundaryARN is the policy that bounds every role of the stack; empty
	// for none.
	PermissionsBoundaryARN string

	// AlarmEmailRequired refuses a stack whose alarms reach no one.
	AlarmEmailRequired bool
}

var (
	awsRegion = setting[string]{
		key: "aws:region", byDefault: "us-east-1", basic: true, allowed: region(),
		description: "Region of everything but CloudFront, which is global.",
	}
	logRetentionDays = setting[int]{
		key: "logRetentionDays", byDefault: 30, basic: true,
		// The periods that CloudWatch Logs offers (its API reference, PutRetentionPolicy).
		// "Never" is not among them: a forgotten log is kept and paid for without end.
		allowed:     oneOf(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
		description: "Days that logs are kept, one of the periods that CloudWatch Logs offers.",
	}
	protect = setting[bool]{
		key: "protect", basic: true,
		description: "Whether Pulumi refuses to delete or replace the resources of the stack, except for the path to the private model, which comes and goes with the settings: see docs/environments.md.",
	}
	retainOnDelete = setting[bool]{
		key: "retainOnDelete", basic: true,
		description: "Whether logs stay in the account when the stack is destroyed: see docs/environments.md.",
	}
	permissionsBoundaryArn = setting[string]{
		key:         "permissionsBoundaryArn",
		allowed:     orEmpty(matching(boundaryPattern, "the ARN of an IAM policy such as arn:aws:iam::123456789012:policy/gatehouse-prod-boundary")),
		description: "IAM policy that is the permissions boundary of every role of the stack. The deploy role of docs/ci.md can create roles only with its own.",
	}
)

var (
	boundaryPattern = regexp.MustCompile(`^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9+=,.@_/-]{1,512}$`)
	regionPattern   = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)

	// foreignRegionPattern matches regions in partitions of their own. Credentials for one
	// partition are worth nothing in another, and CloudFront's functions, certificates and
	// firewall are made in us-east-1.
	foreignRegionPattern = regexp.MustCompile(`^(cn|us-gov|us-iso[a-z]*|eu-isoe)-`)
)

// region allows AWS's regions.
func region() rule[string] {
	const words = "an AWS region such as us-east-1"
	return rule[string]{words: words, check: func(v string, _ func(string) string) string {
		switch {
		case !regionPattern.MatchString(v):
			return words
		case foreignRegionPattern.MatchString(v):
			return words + ", of the partition aws: CloudFront needs us-east-1, which credentials for China, GovCloud or an isolated region can't reach"
		default:
			return ""
		}
	}}
}

func readSafeguards(r *reader) Safeguards {
	return Safeguards{
		Protect:                protect.read(r),
		RetainOnDelete:         retainOnDelete.read(r),
		PermissionsBoundaryARN: permissionsBoundaryArn.read(r),
		AlarmEmailRequired:     alarmEmailRequired.read(r),
	}
}

func (s Settings) checkSafeguards(r *reader) {
	if s.Safeguards.AlarmEmailRequired && s.Rotation.AlarmEmail == "" {
		r.must(alarmEmail, "be an e-mail address, since %s is true: without one, no one learns that the rotation fails", alarmEmailRequired)
	}
}
