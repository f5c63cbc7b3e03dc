package pipeline

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// GitHub's tokens name who made them and for whom (GitHub's documentation, "OpenID
// Connect reference").
const (
	issuer   = "token.actions.githubusercontent.com"
	audience = "sts.amazonaws.com"
)

// Subjects of tokens: the part after the repository.
const (
	anyPullRequest = "pull_request" // of this repository; those from forks get no token
	branchPrefix   = "ref:refs/heads/"
	environment    = "environment:"
)

// trust is the trust policy for tokens of the repository with one of the subjects.
// They are compared as a whole: a pattern would trust what somebody may yet name so.
func trust(providerARN pulumi.StringInput, repository string, subjects ...string) pulumi.StringOutput {
	full := make([]string, len(subjects))
	for i, subject := range subjects {
		full[i] = "repo:" + repository + ":" + subject
	}
	return pulumi.JSONMarshal(map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{map[string]any{
			"Sid":       "GitHubActions",
			"Effect":    "Allow",
			"Action":    "sts:AssumeRoleWithWebIdentity",
			"Principal": map[string]any{"Federated": providerARN},
			"Condition": map[string]any{"StringEquals": map[string]any{
				issuer + ":aud": audience,
				issuer + ":sub": full,
			}},
		}},
	})
}
