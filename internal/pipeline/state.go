package pipeline

import "github.com/gatehouse-iac/gatehouse/internal/config"

// stateReading returns the policy for a preview's access to a state in S3: it takes no
// lock and writes nothing. With a KMS key, secrets are encrypted with a data key, which
// the stack's configuration has in encrypted form: previews and updates only decrypt it.
func stateReading(s config.Pipeline) []document {
	var all []statement
	if s.StateBucket != "" {
		all = append(all,
			statement{Sid: "ListState", Resources: []string{bucketARN(s)}, Actions: []string{"s3:ListBucket"}},
			statement{Sid: "ReadState", Resources: append(stateARNs(s), bucketARN(s)+"/.pulumi/meta.yaml"), Actions: []string{"s3:GetObject"}},
		)
	}
	if s.SecretsKeyARN != "" {
		all = append(all, statement{Sid: "DecryptSecrets", Resources: []string{s.SecretsKeyARN}, Actions: []string{"kms:Decrypt"}})
	}
	return stateDocument("state-read", all)
}

// stateWriting returns the policy for an update's writes: its lock, and the state with its
// backups and history.
func stateWriting(s config.Pipeline) []document {
	if s.StateBucket == "" {
		return nil
	}
	return stateDocument("state-write", []statement{
		{Sid: "WriteState", Resources: stateARNs(s), Actions: []string{"s3:DeleteObject", "s3:PutObject"}},
	})
}

func bucketARN(s config.Pipeline) string { return "arn:{partition}:s3:::" + s.StateBucket }

// stateARNs returns the ARNs of one stack's objects.
func stateARNs(s config.Pipeline) []string {
	return []string{bucketARN(s) + "/.pulumi/*/{project}/{stack}.*", bucketARN(s) + "/.pulumi/*/{project}/{stack}/*"}
}

func stateDocument(name string, statements []statement) []document {
	if len(statements) == 0 {
		return nil
	}
	d := document{name: name}
	for _, s := range statements {
		d.statements = append(d.statements, allow(s, s.Actions))
	}
	return []document{d}
}
