package bench

import (
	"maps"
	"slices"
)

// Programs has the functions that are compared.
type Programs struct {
	Authorizer string // the stack's, as deployed
	Hello      string // the smallest function in Go
	Python     string // the interpreter, with the packages of Lambda's runtime
	PythonCode string // the folder of the authorizer in Python
}

// authorizerEnvironment returns the environment of the stack's authorizer, with the
// defaults.
func authorizerEnvironment(header string) map[string]string {
	return map[string]string{
		"GATEHOUSE_KEY_PATH": keyPath, "GATEHOUSE_ORIGIN_HEADER": header,
		"GATEHOUSE_RING_TTL": "1m", "GATEHOUSE_REFETCH_PERIOD": "10s", "GATEHOUSE_STALE_LIMIT": "1h",
	}
}

// subjects returns the functions as processes that use Parameter Store at endpoint.
func (p Programs) subjects(endpoint string) (ours, hello, python *subject) {
	lambda := func(own map[string]string) []string {
		all := map[string]string{
			"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
			"AWS_ENDPOINT_URL": endpoint, "AWS_LAMBDA_FUNCTION_NAME": "bench", "AWS_LAMBDA_FUNCTION_VERSION": "1",
			"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128", "AWS_LAMBDA_LOG_GROUP_NAME": "bench", "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
		}
		maps.Copy(all, own)
		var environment []string
		for _, name := range slices.Sorted(maps.Keys(all)) {
			environment = append(environment, name+"="+all[name])
		}
		return environment
	}
	ours = &subject{name: "ours", args: []string{p.Authorizer}, code: p.Authorizer, env: lambda(authorizerEnvironment(keyHeader))}
	hello = &subject{name: "hello", args: []string{p.Hello}, code: p.Hello, env: lambda(nil)}
	python = &subject{
		name: "Python", args: []string{p.Python, "-m", "awslambdaric", "authorizer.handler"}, code: p.PythonCode,
		env: lambda(map[string]string{"PYTHONPATH": p.PythonCode, "PARAMETER": keyName, "HEADER": keyHeader}),
	}
	return ours, hello, python
}
