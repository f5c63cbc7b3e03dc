package pipeline

import "github.com/gatehouse-iac/gatehouse/internal/config"

// stateReading is what a preview does with a state in S3: it takes no lock and
// writes nothing. With a key in KMS, secrets are encrypted by a data key that the
// stack's configuration has, encrypted itself: updates decrypt that too, and no more.
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

// stateWriting is what an update does beside: its lock, the state with its copies and
// its history.
func stateWriting(s config.Pipeline) []document {
	if s.StateBucket == "" {
		return nil
	}
	return stateDocument("state-write", []statement{
		{Sid: "WriteState", Resources: stateARNs(s), Actions: []string{"s3:DeleteObject", "s3:PutObject"}},
	})
}

func bucketARN(s config.Pipeline) string { return "arn:{partition}:s3:::" + s.StateBucket }

// stateARNs are the objects of one stack.
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
