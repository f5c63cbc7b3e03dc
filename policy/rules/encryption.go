package rules

// encryption covers data at rest. It doesn't cover log groups, environments of functions
// and buckets without encryption settings: AWS always encrypts them with keys of its own.
var encryption = Rule{
	Name:        "encryption",
	Description: "Data at rest is encrypted, and KMS keys are rotated.",
	check: byType{
		"aws:kms/key:Key": func(r Resource) (p problems) {
			p.unless(r.at("customerMasterKeySpec").isOneOf("", "SYMMETRIC_DEFAULT") && r.at("enableKeyRotation").isTrue(),
				"enableKeyRotation must be true, on a symmetric key: AWS then rotates the key's material")
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
