// Package modelid interprets the ids of Bedrock's models: those of foundation models
// (amazon.nova-lite-v1:0), of cross-region inference profiles (eu.amazon.nova-lite-v1:0)
// and the ARNs of application inference profiles. The program and the model's function
// share it; it imports no SDK.
package modelid

import "regexp"

var (
	pattern            = regexp.MustCompile(`^[a-z0-9-]+\.[a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)*(:[0-9a-z]+)*$`)
	crossRegionPattern = regexp.MustCompile(`^(?:[a-z]{2}|us-gov|apac|global)\.([a-z0-9-]+\..+)$`)
	applicationPattern = regexp.MustCompile(`^arn:aws[a-z-]*:bedrock:([a-z0-9-]+):[0-9]{12}:application-inference-profile/[A-Za-z0-9.:-]+$`)
	foundationPattern  = regexp.MustCompile(`^arn:aws[a-z-]*:bedrock:[a-z0-9-]*::foundation-model/([^/]+)$`)
	embeddingsPattern  = regexp.MustCompile(`^[a-z0-9-]+\.(?:[a-z0-9.-]+-)?embed(?:ding|dings)?(?:-|$)`)
)

// IsValid reports whether an id has the form of one that Bedrock takes.
func IsValid(id string) bool { return pattern.MatchString(id) || applicationPattern.MatchString(id) }

// IsInferenceProfile reports whether an id is that of an inference profile. Those of a
// cross-region inference profile begin with the geography that the profile covers.
func IsInferenceProfile(id string) bool {
	return crossRegionPattern.MatchString(id) || IsApplicationProfile(id)
}

// IsApplicationProfile reports whether an id is the ARN of an application inference
// profile, which an account creates to attribute costs. The ARN doesn't name the model.
func IsApplicationProfile(id string) bool { return applicationPattern.MatchString(id) }

// ProfileRegion returns the Region of an application inference profile, and an empty
// string for other ids.
func ProfileRegion(id string) string { return submatch(applicationPattern, id) }

// Foundation returns the id of the foundation model of a cross-region inference profile,
// and other ids unchanged.
func Foundation(id string) string {
	if model := submatch(crossRegionPattern, id); model != "" {
		return model
	}
	return id
}

// OfFoundationARN returns the id in the ARN of a foundation model, and an empty string for
// other ARNs.
func OfFoundationARN(arn string) string { return submatch(foundationPattern, arn) }

// IsEmbedding reports whether a foundation model or cross-region inference profile returns
// vectors instead of texts, by its name: Bedrock has embed or embedding in the names of all
// of those (amazon.titan-embed-text-v2:0, cohere.embed-v4:0,
// amazon.nova-2-multimodal-embeddings-v1:0, twelvelabs.marengo-embed-3-0-v1:0), and in no
// other.
func IsEmbedding(id string) bool { return embeddingsPattern.MatchString(Foundation(id)) }

func submatch(form *regexp.Regexp, text string) string {
	if found := form.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}
