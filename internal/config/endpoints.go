package config

import "slices"

// endpointServices are the AWS services that a workload in the VPC may want to call
// without a way to the internet: those of com.amazonaws.<region>.* with interface
// endpoints (AWS PrivateLink's guide, "AWS services that integrate with AWS
// PrivateLink") which serving models, containers and their operation need. S3 and
// DynamoDB are not among them: their gateway endpoints are always there, and free.
var endpointServices = []string{
	"airflow.api", "application-autoscaling", "athena", "autoscaling",
	"bedrock", "bedrock-agent", "bedrock-agent-runtime", "bedrock-runtime",
	"cloudformation", "cloudtrail",
	"ec2", "ec2messages", "ecr.api", "ecr.dkr", "ecs", "ecs-agent", "ecs-telemetry",
	"eks", "eks-auth", "elasticfilesystem", "elasticloadbalancing", "events", "execute-api",
	"glue", "kinesis-firehose", "kinesis-streams", "kms", "lambda", "logs", "monitoring",
	"rds", "rds-data", "sagemaker.api", "sagemaker.runtime", "secretsmanager",
	"sns", "sqs", "ssm", "ssmmessages", "states", "sts", "xray",
}

func isEndpointService(name string) bool { return slices.Contains(endpointServices, name) }
