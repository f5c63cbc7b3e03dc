package bench

// Programs are the functions that are compared.
type Programs struct {
	Authorizer string // the stack's, as deployed
	Hello      string // the least that a function in Go can be
	Python     string // the interpreter, with what Lambda's runtime brings along
	PythonCode string // the folder of the authorizer in Python
}

func (p Programs) subjects(endpoint string) (ours, hello, python *subject) {
	lambda := []string{
		"AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_ENDPOINT_URL=" + endpoint,
	}
	ours = &subject{name: "ours", args: []string{p.Authorizer}, code: p.Authorizer, env: append(lambda[:len(lambda):len(lambda)],
		"GATEHOUSE_KEY_PATH="+keyPath, "GATEHOUSE_ORIGIN_HEADER="+keyHeader,
		"GATEHOUSE_RING_TTL=1m", "GATEHOUSE_REFETCH_PERIOD=10s", "GATEHOUSE_STALE_LIMIT=1h")}
	hello = &subject{name: "hello world in Go", args: []string{p.Hello}, code: p.Hello, env: lambda}
	python = &subject{
		name: "authorizer in Python", args: []string{p.Python, "-m", "awslambdaric", "authorizer.handler"}, code: p.PythonCode,
		env: append(lambda[:len(lambda):len(lambda)],
			"PYTHONPATH="+p.PythonCode, "PARAMETER="+keyName, "HEADER="+keyHeader, "AWS_LAMBDA_FUNCTION_NAME=bench", "AWS_LAMBDA_FUNCTION_VERSION=1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128", "AWS_LAMBDA_LOG_GROUP_NAME=bench", "AWS_LAMBDA_LOG_STREAM_NAME=bench"),
	}
	return ours, hello, python
}
