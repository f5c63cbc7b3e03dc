package rules

// encryption is about what is kept. Log groups, function environments and buckets
// without settings of their own are not in it: AWS encrypts them with keys of its
// own, and that can't be switched off.
var encryption = Rule{
	Name:        "encryption",
	Description: "What is kept is encrypted, and keys are replaced.",
	check: byType{
		"aws:kms/key:Key": func(r Resource) (p problems) {
			p.unless(r.at("customerMasterKeySpec").isOneOf("", "SYMMETRIC_DEFAULT") && r.at("enableKeyRotation").isTrue(),
				"enableKeyRotation must be true, on a symmetric key: AWS then replaces the key's material by itself")
			return p
		},
		"aws:sqs/queue:Queue": func(r Resource) (p problems) {
			p.unless(r.at("sqsManagedSseEnabled").isTrue() || r.at("kmsMasterKeyId").isSet(),
				"sqsManagedSseEnabled must be true, or kmsMasterKeyId given")
			return p
		},
		"aws:ssm/parameter:Parameter": func(r Resource) (p problems) {
			p.unless(r.at("type").isOneOf("SecureString") && r.at("keyId").isSet(),
				"type must be SecureString, and keyId a key of the stack's own")
			return p
		},
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": func(r Resource) (p problems) {
			for _, rule := range r.at("rules").each() {
				p.unless(rule.at("applyServerSideEncryptionByDefault", "sseAlgorithm").isOneOf("AES256", "aws:kms", "aws:kms:dsse"),
					"each of rules needs applyServerSideEncryptionByDefault.sseAlgorithm: AES256, aws:kms or aws:kms:dsse")
			}
			return p
		},
	}.check,
}
