package pipeline

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// GitHub's tokens name who made them and for whom (GitHub's documentation, "OpenID
// Connect reference").
const (
	issuer   = "token.actions.githubusercontent.com"
	audience = "sts.amazonaws.com"
)

// trust is the trust policy for tokens of jobs in one environment of the repository.
// GitHub gives them out as the environment's rules say: to some branches only, after
// an approval. The subject is compared as a whole: a pattern would trust what somebody
// may yet name so.
func trust(providerARN pulumi.StringInput, repository, environment string) pulumi.StringOutput {
	return pulumi.JSONMarshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Sid":       "GitHubActions",
			"Effect":    "Allow",
			"Action":    "sts:AssumeRoleWithWebIdentity",
			"Principal": map[string]any{"Federated": providerARN},
			"Condition": map[string]any{"StringEquals": map[string]any{
				issuer + ":aud": audience,
				issuer + ":sub": "repo:" + repository + ":environment:" + environment,
			}},
		}},
	})
}
