package config

import "strings"

// topic is a heading of the reference with its settings.
type topic struct {
	title    string
	settings []anySetting

	// ignored reports whether the settings have no effect with others as they are, so that
	// their requirements don't matter.
	ignored func(Settings) bool
}

// table is every setting of the program, in the order of Pulumi.yaml and of
// docs/settings.md, which `make docs` writes from it.
var table = []topic{
	{title: "The stack", settings: []anySetting{
		awsRegion, lambdaArchitecture, functionsRelease, functionsReleaseDigest, logRetentionDays, tracingEnabled, protect, retainOnDelete, permissionsBoundaryArn,
	}},
	{title: "The API", settings: []anySetting{apiPrefix, throttleRate, throttleBurst, authorizerTtl, playgroundEnabled}},
	{title: "The origin key", settings: []anySetting{keyHeader, keyMemoryTtl, keyRefetchPeriod, keyStaleLimit}},
	{title: "Rotation", settings: []anySetting{
		rotationInterval, rotationTick, rotationSettle, rotationGrace, rotationDrain, rotationDeployment, rotationReservedConcurrency,
	}},
	{title: "Alarms and dashboard", settings: []anySetting{alarmEmail, alarmEmailRequired, runbookUrl, observabilityEnabled}},
	{title: "The model", settings: []anySetting{
		modelBackend, modelId, modelAllowedIds, modelMaxTokens, modelMaxBody, modelPassThrough, modelUnsupported,
		modelRegion, modelGuardrailId, modelGuardrailVersion, modelGuardrailStreaming, modelPromptCaching,
		modelBaseUrl, modelApiKeyParameter, modelInVpc, modelMemory, modelReservedConcurrency, modelLogContent,
	}},
	{title: "Clients", settings: []anySetting{
		clientAccess, modelPrices, clientBudgetCeiling, clientUsageDays, inferenceRequestPrice, oidcIssuers,
	}},
	{title: "Streamed responses", settings: []anySetting{streamingEnabled, streamingTimeout, streamingHeartbeat, streamingReservedConcurrency}},
	{title: "The private model", settings: []anySetting{
		inferencePrefix, inferenceTargets, inferencePort, inferenceProtocol, inferenceHealthPath, inferenceCertificateArn,
		inferenceServerName, inferenceTimeout,
	}},
	{title: "The private network", settings: []anySetting{
		networkEnabled, networkCidr, networkPeerCidrs, networkZoneCount, networkZones, networkNat, networkIpv6,
		networkInterfaceEndpoints, networkFlowLogs, networkFlowLogsBucketArn, networkVpcId, networkPrivateSubnetIds,
	}},
	{title: "Vault", settings: []anySetting{vaultAddress}},
	{title: "Certificates", ignored: Settings.withoutCertificates, settings: []anySetting{
		certificateEnabled, certificateIssuer, certificateNames, certificateSubdomains, certificateIpAddresses, certificateKey,
		certificateTtl, certificateRenewBefore, certificateRoleTtl, certificateIntermediateTtl, certificateRootTtl, certificateUrl,
		certificateMount, certificateMountIssuer,
	}},
	{title: "cert-manager", ignored: Settings.withoutCertificates, settings: []anySetting{
		certManagerNamespace, certManagerServiceAccount, certManagerVaultCa, vaultKubernetesAuth,
	}},
	{title: "Kubernetes", settings: []anySetting{
		kubernetesKubeconfig, kubernetesContext, kubernetesCluster, kubernetesNamespace, kubernetesCreateNamespace, kubernetesWait,
	}},
	{title: "The workload", settings: []anySetting{
		workloadEnabled, workloadImage, workloadReplicas, workloadCpu, workloadMemory, workloadTargetGroup,
	}},
	{title: "The CloudFront distribution", settings: []anySetting{
		edgePriceClass, edgeHttpVersion, edgeIpv6, edgeCountriesAllowed, edgeCountriesBlocked, edgeMethods, edgeContentTypes,
		edgeTargetLimit, edgeBodyLimit, edgeErrorDocuments,
	}},
	{title: "The CloudFront origin", settings: []anySetting{
		originConnectionAttempts, originConnectionTimeout, originReadTimeout, originKeepalive, originShieldRegion,
		originFunctionEnabled, originFunctionSkipDestroy, originFunctionDeleteTimeout,
	}},
	{title: "Response headers", settings: []anySetting{
		customHeaderName, customHeaderValue, removedHeaders, hstsMaxAge, hstsSubdomains, hstsPreload, frameOptions, referrerPolicy,
		contentSecurityPolicy,
	}},
	{title: "Requests from pages of other origins (CORS)", settings: []anySetting{
		corsOrigins, corsMethods, corsHeaders, corsExposedHeaders, corsCredentials, corsMaxAge,
	}},
	{title: "The firewall (AWS WAF)", settings: []anySetting{
		wafEnabled, wafRateLimit, wafRateWindow, wafCount, wafInspectedKilobytes, wafLogs,
	}},
	{title: "Access logs", settings: []anySetting{accessLogsEnabled, accessLogsDestroy}},
	{title: "Domain names", settings: []anySetting{domainNames, domainZoneId, domainCertificateArn}},
}

// Topic is a heading of the reference with its settings.
type Topic struct {
	Title   string
	Options []Option
}

// Option describes one setting.
type Option struct {
	Name        string // with its namespace
	Type        string // as Pulumi.yaml's schema names it
	Default     string // as the engine hands it to the program
	Allowed     string // in words, as errors say it; empty: any string
	Required    bool   // it has no default that works
	Basic       bool   // a new user needs it
	Description string

	Requires      []Requirement // of a value other than the default
	ConflictsWith []string      // keys that can't be set together with it
}

// Requirement is a condition on another setting.
type Requirement struct {
	Key   string // with its namespace
	Value string // that it must have; empty for any but its default
}

// String returns the condition as it follows "requires".
func (q Requirement) String() string {
	if q.Value == "" {
		return q.Key + " to be set"
	}
	return q.Key + " to be " + q.Value
}

// Own returns the key without its namespace if that is the program's own, and whether
// it is.
func (o Option) Own(namespace string) (string, bool) {
	return strings.CutPrefix(o.Name, namespace+":")
}

// Topics describes every setting that [Load] reads.
func Topics() []Topic { return described(table) }

// PipelineTopics describes every setting that [LoadPipeline] reads.
func PipelineTopics() []Topic { return described(pipelineTable) }

// Options is [Topics] without its headings.
func Options() []Option {
	var all []Option
	for _, t := range Topics() {
		all = append(all, t.Options...)
	}
	return all
}

func described(table []topic) []Topic {
	var all []Topic
	for _, t := range table {
		one := Topic{Title: t.title}
		for _, s := range t.settings {
			one.Options = append(one.Options, s.option())
		}
		all = append(all, one)
	}
	return all
}
