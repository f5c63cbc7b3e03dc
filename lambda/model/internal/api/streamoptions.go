package api

import "github.com/gatehouse-iac/gatehouse/lambda/model/internal/strictjson"

// streamOptions are the members of a request about streaming.
type streamOptions struct {
	requested bool
	usage     bool // whether the stream ends with the usage
}

const streamMembers = "include_usage, include_obfuscation"

// streaming reads the members about streaming. Where responses can't be streamed, the
// request for it has an error of its own, and its options are ignored.
func (r *reader) streaming(at pointer, body strictjson.Value) {
	stream := r.flag(at.member("stream"), body.Get("stream"))
	requested := stream != nil && *stream
	if requested && !r.streams {
		r.refuse(at.member("stream"), "want false")
		return
	}
	options, in := body.Get("stream_options"), at.member("stream_options")
	switch {
	case options.Kind == strictjson.Null:
	case !requested:
		r.refuse(in, "want null without stream")
	case r.isObject(in, options, streamMembers):
		r.unknown(in, options, "stream_options.", among("include_usage", "include_obfuscation"), streamMembers)
		usage := r.flag(in.member("include_usage"), options.Get("include_usage"))
		r.flag(in.member("include_obfuscation"), options.Get("include_obfuscation")) // it pads chunks of OpenAI's, and changes nothing of the answer
		r.stream.usage = usage != nil && *usage
	}
	r.stream.requested = requested
}
