package pipeline

import "github.com/gatehouse-iac/gatehouse/internal/settings"

// stateReading is what a preview does with a state in S3: it takes no lock and
// writes nothing.
func stateReading(s settings.Pipeline) []document {
	return stateDocuments("state-read", s,
		statement{Sid: "ListState", Resources: []string{bucketARN(s)}, Actions: []string{"s3:ListBucket"}},
		statement{Sid: "ReadState", Resources: []string{
			bucketARN(s) + "/.pulumi/meta.yaml",
			bucketARN(s) + "/.pulumi/*/{project}/{stack}.*",
			bucketARN(s) + "/.pulumi/*/{project}/{stack}/*",
		}, Actions: []string{"s3:GetObject"}},
		statement{Sid: "DecryptSecrets", Resources: []string{s.SecretsKeyARN}, Actions: []string{"kms:Decrypt"}},
	)
}

// stateWriting is what an update does beside: its lock, the state with its copies and
// its history.
func stateWriting(s settings.Pipeline) []document {
	return stateDocuments("state-write", s,
		statement{Sid: "WriteState", Resources: []string{
			bucketARN(s) + "/.pulumi/*/{project}/{stack}.*",
			bucketARN(s) + "/.pulumi/*/{project}/{stack}/*",
		}, Actions: []string{"s3:DeleteObject", "s3:PutObject"}},
		statement{Sid: "EncryptSecrets", Resources: []string{s.SecretsKeyARN}, Actions: []string{"kms:Encrypt"}},
	)
}

func bucketARN(s settings.Pipeline) string { return "arn:{partition}:s3:::" + s.StateBucket }

// stateDocuments is one document of the statements for what there is, or none.
func stateDocuments(name string, s settings.Pipeline, statements ...statement) []document {
	d := document{name: name}
	for _, one := range statements {
		isKey := one.Resources[0] == s.SecretsKeyARN
		if isKey && s.SecretsKeyARN == "" || !isKey && s.StateBucket == "" {
			continue
		}
		d.statements = append(d.statements, allow(one, one.Actions))
	}
	if len(d.statements) == 0 {
		return nil
	}
	return []document{d}
}
