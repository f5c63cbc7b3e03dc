package config

import (
	"regexp"
	"strings"
)

// PipelineNamespace is the configuration namespace of the pipeline's own keys: the
// project's name in pipeline/Pulumi.yaml.
const PipelineNamespace = "gatehouse-pipeline"

// Pipeline is the checked configuration of the roles with which GitHub deploys.
type Pipeline struct {
	Region string

	// Repository is owner/name as the subject of GitHub's tokens spells it.
	Repository string
	Stacks     []string // of the gatehouse project, in this account and region

	// ProviderARN is that of an existing provider for GitHub's tokens; without it one
	// is made. An account can have only one.
	ProviderARN string

	StateBucket   string // where Pulumi keeps its state; empty for elsewhere than S3
	SecretsKeyARN string // KMS key that encrypts the state's secrets; may be empty

	ZoneIDs []string // of Route 53, in which the stacks may have names of their own
}

var (
	repositoryPattern = regexp.MustCompile(`^[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}$|^[A-Za-z0-9-]{1,39}@[0-9]+/[A-Za-z0-9._-]{1,100}@[0-9]+$`)
	stackPattern      = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	providerPattern   = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/token\.actions\.githubusercontent\.com$`)
	bucketPattern     = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	keyPattern        = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,64}$`)
)

// longestStack is as long as gatehouse- leaves room for in the names of AWS resources.
const longestStack = 34

// isStack tells names that [github.com/gatehouse-iac/gatehouse/internal/deployment]
// takes for a stack of the gatehouse project.
func isStack(text string) bool {
	return len(text) <= longestStack && stackPattern.MatchString(text)
}

// LoadPipeline is [Load] for the pipeline's configuration.
func LoadPipeline(config map[string]string) (Pipeline, error) {
	r := newReader(config)
	r.namespace = PipelineNamespace
	return load(r, readPipeline, Pipeline.check)
}

func readPipeline(r *reader) Pipeline {
	return Pipeline{
		Region:        r.pattern("aws:region", "us-east-1", regionPattern, "an AWS region such as us-east-1"),
		Repository:    r.pattern("repository", "", repositoryPattern, "a repository as GitHub's tokens name it: owner/name, or owner@12345/name@67890 for one made or renamed since July 2026"),
		Stacks:        r.list("stacks", isStack, "the name of a stack such as dev: at most 34 lower-case letters, digits and single hyphens between them"),
		ProviderARN:   r.optional("oidcProviderArn", providerPattern, "the ARN of the account's provider for token.actions.githubusercontent.com, or nothing"),
		StateBucket:   r.optional("stateBucket", bucketPattern, "the name of an S3 bucket, or nothing"),
		SecretsKeyARN: r.optional("secretsKeyArn", keyPattern, "the ARN of a KMS key, or nothing"),
		ZoneIDs:       r.list("domainZoneIds", zoneIDPattern.MatchString, "the id of a hosted zone in Route 53 such as Z0123456789ABCDEFGHIJ"),
	}
}

// check refuses stacks whose resources can't be told apart by their names.
func (p Pipeline) check(r *reader) {
	if len(p.Stacks) == 0 {
		r.refuse("stacks", "at least one stack: `pulumi config set --path '%s[0]' dev`", r.full("stacks"))
	}
	for _, one := range p.Stacks {
		for _, other := range p.Stacks {
			if strings.HasPrefix(other, one+"-") {
				r.refuse("stacks", "stacks of which none begins with another and a hyphen: the role of %s could change %s", one, other)
			}
		}
	}
}
