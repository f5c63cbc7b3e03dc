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

	// ProviderARN names an existing provider for GitHub's tokens; if it is empty, one is
	// made. An account can have only one.
	ProviderARN string

	StateBucket   string // where Pulumi keeps its state; empty if it is not in S3
	SecretsKeyARN string // KMS key that encrypts the state's secrets; may be empty

	ZoneIDs []string // of Route 53, in which the stacks may have records of their domain names
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

// isStack reports whether [github.com/gatehouse-iac/gatehouse/internal/deployment] accepts
// the name for a stack of the gatehouse project.
func isStack(name string) bool {
	return len(name) <= longestStack && stackPattern.MatchString(name)
}

var (
	pipelineRegion = setting[string]{
		key: "aws:region", byDefault: "us-east-1", allowed: matching(regionPattern, "an AWS region such as us-east-1"),
		description: "Region of the stacks.",
	}
	pipelineRepository = setting[string]{
		key:         PipelineNamespace + ":repository",
		required:    true,
		allowed:     matching(repositoryPattern, "a repository as GitHub's tokens name it: owner/name, or owner@12345/name@67890 for one made or renamed since July 2026"),
		description: "GitHub repository whose workflows may assume the roles.",
	}
	pipelineStacks = setting[[]string]{
		key:         PipelineNamespace + ":stacks",
		required:    true,
		allowed:     each(isStack, "the name of a stack such as dev: at most 34 lower-case letters, digits and single hyphens between them"),
		description: "Stacks of the gatehouse project in this account and region, at least one. None may begin with another and a hyphen.",
	}
	pipelineProviderArn = setting[string]{
		key:         PipelineNamespace + ":oidcProviderArn",
		allowed:     orEmpty(matching(providerPattern, "the ARN of the account's provider for token.actions.githubusercontent.com")),
		description: "The account's provider for token.actions.githubusercontent.com, if there is one already. Otherwise it is made.",
	}
	pipelineStateBucket = setting[string]{
		key:         PipelineNamespace + ":stateBucket",
		allowed:     orEmpty(matching(bucketPattern, "the name of an S3 bucket")),
		description: "S3 bucket in which Pulumi keeps the stacks' state, if it does so in S3.",
	}
	pipelineSecretsKeyArn = setting[string]{
		key:         PipelineNamespace + ":secretsKeyArn",
		allowed:     orEmpty(matching(keyPattern, "the ARN of a KMS key")),
		description: "KMS key that encrypts the secrets in the state, if there is one.",
	}
	pipelineZoneIds = setting[[]string]{
		key:         PipelineNamespace + ":domainZoneIds",
		allowed:     each(zoneIDPattern.MatchString, "the id of a hosted zone in Route 53 such as Z0123456789ABCDEFGHIJ"),
		description: "Route 53 zones in which the stacks may have the records of their domainNames; none if empty.",
	}
)

// pipelineTable is every setting of the pipeline's program.
var pipelineTable = []topic{{title: "The roles", settings: []anySetting{
	pipelineRegion, pipelineRepository, pipelineStacks, pipelineProviderArn, pipelineStateBucket, pipelineSecretsKeyArn, pipelineZoneIds,
}}}

// LoadPipeline is [Load] for the pipeline's configuration.
func LoadPipeline(config map[string]string) (Pipeline, error) {
	return load(pipelineReader(config), readPipeline, Pipeline.check)
}

func pipelineReader(config map[string]string, secrets ...string) *reader {
	r := newReader(pipelineTable, config, secrets...)
	r.namespace = PipelineNamespace
	return r
}

func readPipeline(r *reader) Pipeline {
	return Pipeline{
		Region:        pipelineRegion.read(r),
		Repository:    pipelineRepository.read(r),
		Stacks:        pipelineStacks.read(r),
		ProviderARN:   pipelineProviderArn.read(r),
		StateBucket:   pipelineStateBucket.read(r),
		SecretsKeyARN: pipelineSecretsKeyArn.read(r),
		ZoneIDs:       pipelineZoneIds.read(r),
	}
}

// check refuses stacks whose resources can't be told apart by their names.
func (p Pipeline) check(r *reader) {
	if len(p.Stacks) == 0 {
		r.must(pipelineStacks, "have at least one stack: `pulumi config set --path '%s[0]' dev`", pipelineStacks)
	}
	for _, one := range p.Stacks {
		for _, other := range p.Stacks {
			if strings.HasPrefix(other, one+"-") {
				r.must(pipelineStacks, "be stacks of which none begins with another and a hyphen: the role of %s could change %s", one, other)
			}
		}
	}
}
