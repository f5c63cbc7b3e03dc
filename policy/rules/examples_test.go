package rules

import "fmt"

// examples are what each rule lets pass and what it doesn't.
var examples = map[string][]example{
	"encryption": {
		{"aws:kms/key:Key", object{"enableKeyRotation": true}, ""},
		{"aws:kms/key:Key", object{"enableKeyRotation": false}, "enableKeyRotation must be true"},
		{"aws:kms/key:Key", object{"enableKeyRotation": true, "customerMasterKeySpec": "RSA_2048"}, "on a symmetric key"},
		{"aws:sqs/queue:Queue", object{"sqsManagedSseEnabled": true}, ""},
		{"aws:sqs/queue:Queue", object{"kmsMasterKeyId": "alias/queue"}, ""},
		{"aws:sqs/queue:Queue", object{"sqsManagedSseEnabled": false}, "sqsManagedSseEnabled must be true"},
		{"aws:ssm/parameter:Parameter", object{"type": "SecureString", "keyId": "alias/own", "value": secret{"hush"}}, ""},
		{"aws:ssm/parameter:Parameter", object{"type": "SecureString", "value": secret{"hush"}}, "keyId"},
		{"aws:ssm/parameter:Parameter", object{"type": "String", "keyId": "alias/own", "value": "hush"}, "type must be SecureString"},
		{bucketEncryption, object{"rules": list{object{"applyServerSideEncryptionByDefault": object{"sseAlgorithm": "AES256"}}}}, ""},
		{bucketEncryption, object{"rules": list{object{}}}, "sseAlgorithm"},
	},
	"public-access": {
		{"aws:ec2/securityGroup:SecurityGroup", object{"ingress": list{object{"cidrBlocks": list{"10.0.0.0/8"}}}}, ""},
		{"aws:ec2/securityGroup:SecurityGroup", object{"ingress": list{object{"cidrBlocks": list{"0.0.0.0/0"}}}}, "ingress must not allow any address"},
		{"aws:ec2/securityGroup:SecurityGroup", object{"egress": list{object{"ipv6CidrBlocks": list{"::/0"}}}}, "egress must not allow any address"},
		{"aws:ec2/securityGroupRule:SecurityGroupRule", object{"sourceSecurityGroupId": "sg-1"}, ""},
		{"aws:ec2/securityGroupRule:SecurityGroupRule", object{"cidrBlocks": list{"0.0.0.0/0"}}, "allow any address"},
		{"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", object{"referencedSecurityGroupId": "sg-1"}, ""},
		{"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", object{"cidrIpv4": "0.0.0.0/0"}, "cidrIpv4"},
		{"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", object{"cidrIpv6": "::/0"}, "cidrIpv6"},
		{"aws:lb/loadBalancer:LoadBalancer", object{"internal": true}, ""},
		{"aws:lb/loadBalancer:LoadBalancer", object{"internal": false}, "internal must be true"},
		{"aws:lambda/permission:Permission", object{"principal": "apigateway.amazonaws.com", "sourceArn": "arn:aws:execute-api:…"}, ""},
		{"aws:lambda/permission:Permission", object{"principal": "apigateway.amazonaws.com"}, "sourceArn"},
		{"aws:lambda/permission:Permission", object{"principal": "*", "sourceArn": "arn:aws:execute-api:…"}, "principal must not be any principal"},
		{"aws:lambda/functionUrl:FunctionUrl", object{"authorizationType": "AWS_IAM"}, ""},
		{"aws:lambda/functionUrl:FunctionUrl", object{"authorizationType": "NONE"}, "bypasses CloudFront"},
		{"aws:apigatewayv2/api:Api", object{"protocolType": "HTTP"}, ""},
		{"aws:apigatewayv2/api:Api", object{"protocolType": "HTTP", "target": "arn:aws:lambda:…"}, "without an authorizer"},
		{restAPI, policy(`{"Effect": "Deny", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}`), ""},
		{restAPI, policy(`{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}`), "allows any principal: name it"},
		{restAPI, object{"body": `{"openapi": "3.0.1", "paths": {}}`}, ""},
		{restAPI, bodyPolicy(`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}`), ""},
		{restAPI, bodyPolicy(`{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}`), "allows any principal: name it"},
		{restAPI, bodyPolicy(`[{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": ["execute-api:Invoke"], "Resource": ["execute-api:/*"]}]`), "allows any principal: name it"},
		{"aws:apigateway/restApiPolicy:RestApiPolicy", policy(`{"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}`), "allows any principal: name it"},
		{bucketBlock, object{"blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true, "restrictPublicBuckets": true}, ""},
		{bucketBlock, object{"blockPublicAcls": true, "blockPublicPolicy": true, "ignorePublicAcls": true}, "restrictPublicBuckets"},
		{"aws:s3/bucketAclV2:BucketAclV2", object{"acl": "log-delivery-write"}, ""},
		{"aws:s3/bucketAclV2:BucketAclV2", object{"acl": "public-read"}, "acl"},
		{"aws:ec2/instance:Instance", object{"associatePublicIpAddress": false}, ""},
		{"aws:ec2/instance:Instance", object{"associatePublicIpAddress": true}, "associatePublicIpAddress"},
		{bucketPolicy, policy(`{"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Action": "s3:PutObject"}`), ""},
		{bucketPolicy, policy(`{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject"}`), ""},
		{bucketPolicy, policy(`{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}`), "allows any principal: name it"},
		{bucketPolicy, policy(`[{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "s3:GetObject"}]`), "allows any principal: name it"},
		{bucketPolicy, policy(`{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Condition": {"StringEquals": {"aws:SourceAccount": "1"}}}`), ""},
		{bucketPolicy, policy(`{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Condition": {"StringLike": {"aws:SourceAccount": "*"}}}`), "allows any principal: name it"},
		{bucketPolicy, policy(`{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}`), "allows any principal: name it"},
		{bucketPolicy, policy(`{"Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:GetObject"}`), "NotPrincipal"},
		{"aws:iam/role:Role", trust(`{"StringLike": {"token.actions.githubusercontent.com:sub": "repo:us/here:*"}}`), ""},
		{"aws:iam/role:Role", trust(`{"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}}`), "trusts all identities"},
		{"aws:iam/role:Role", trust(`{"StringLike": {"token.actions.githubusercontent.com:sub": "*"}}`), "trusts all identities"},
	},
	"wildcard-iam": {
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": ["arn:aws:sqs:us-east-1:1:queue"]}`), ""},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Deny", "Action": "*", "Resource": "*"}`), ""},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": "sqs:*", "Resource": "arn:aws:sqs:us-east-1:1:queue"}`), `"sqs:*": list the actions`},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": "lambda:EnableReplication*", "Resource": "arn:aws:lambda:us-east-1:1:function:f:1"}`), ""},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": "lambda:Enable*", "Resource": "arn:aws:lambda:us-east-1:1:function:f:1"}`), `"lambda:Enable*": list the actions`},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}`), `sqs:SendMessage on "*"`},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:us-east-1:*:queue"}`), "name the resources"},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": "ssm:PutParameter", "Resource": "arn:aws:ssm:us-east-1:1:*"}`), "name the resources"},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": "ssm:PutParameter", "Resource": "arn:aws:ssm:us-east-1:1:parameter/ours/*"}`), ""},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": "ec2:DescribeVpcs", "Resource": "*"}`), ""},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": ["ec2:DescribeVpcs", "ec2:DeleteVpc"], "Resource": "*"}`), "name the resources"},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "arn:aws:sqs:us-east-1:1:queue"}`), "NotAction"},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": "sqs:SendMessage", "NotResource": "arn:aws:sqs:us-east-1:1:queue"}`), "NotResource"},
		{"aws:iam/rolePolicy:RolePolicy", object{"policy": "no JSON"}, "can't be checked"},
		{"aws:iam/rolePolicy:RolePolicy", object{"policy": object{"Statement": list{}}}, "can't be checked"},
		{"aws:iam/role:Role", object{"inlinePolicies": list{policy(`{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:sqs:us-east-1:1:queue"}`)}}, `"*": list the actions`},
		{"aws:iam/role:Role", object{"managedPolicyArns": list{"arn:aws:iam::aws:policy/PowerUserAccess"}}, "PowerUserAccess"},
		{"aws:iam/rolePolicyAttachment:RolePolicyAttachment", object{"policyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess"}, "AmazonS3FullAccess"},
		{"aws:iam/rolePolicyAttachment:RolePolicyAttachment", object{"policyArn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"}, ""},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": "ec2:CreateNetworkInterface", "Resource": "*", "Condition": {"ArnNotEquals": {"lambda:SourceFunctionArn": "arn:aws:lambda:us-east-1:1:function:f"}}}`), ""},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": "ec2:CreateNetworkInterface", "Resource": "*"}`), "name the resources"},
		{"aws:iam/rolePolicy:RolePolicy", policy(`{"Effect": "Allow", "Action": ["ec2:CreateNetworkInterface", "ec2:RunInstances"], "Resource": "*", "Condition": {"ArnNotEquals": {"lambda:SourceFunctionArn": "arn:aws:lambda:us-east-1:1:function:f"}}}`), "name the resources"},
		{"vault:index/policy:Policy", object{"policy": "path \"pki/issue/role\" {}"}, ""},
		{"aws:kms/key:Key", policy(`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "kms:DescribeKey", "Resource": "*"}`), ""},
		{"aws:kms/key:Key", policy(`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "kms:*", "Resource": "*"}`), `"kms:*": list the actions`},
		{restAPI, bodyPolicy(`{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "execute-api:*", "Resource": "execute-api:/*"}`), `"execute-api:*": list the actions`},
		{restAPI, object{"body": `{"x-amazon-apigateway-policy": "no JSON"}`}, "body's policy can't be checked"},
	},
	"tls-floor": {
		{distribution, viewers("redirect-to-https"), ""},
		{distribution, viewers("allow-all"), "viewerProtocolPolicy"},
		{distribution, object{"defaultCacheBehavior": object{"viewerProtocolPolicy": "https-only"}, "viewerCertificate": object{"minimumProtocolVersion": "TLSv1.2_2021"}}, ""},
		{distribution, object{"defaultCacheBehavior": object{"viewerProtocolPolicy": "https-only"}, "viewerCertificate": object{"minimumProtocolVersion": "TLSv1.1_2016"}}, "minimumProtocolVersion"},
		{distribution, origin(object{"originProtocolPolicy": "https-only", "originSslProtocols": list{"TLSv1.2"}}), ""},
		{distribution, origin(object{"originProtocolPolicy": "match-viewer", "originSslProtocols": list{"TLSv1.2"}}), "originProtocolPolicy"},
		{distribution, origin(object{"originProtocolPolicy": "https-only", "originSslProtocols": list{"TLSv1.2", "TLSv1"}}), "originSslProtocols"},
		{"aws:lb/listener:Listener", object{"protocol": "HTTP"}, ""},
		{"aws:lb/listener:Listener", object{"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"}, ""},
		{"aws:lb/listener:Listener", object{"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-2016-08"}, "sslPolicy"},
		{"aws:lb/listener:Listener", object{"protocol": "HTTPS"}, "sslPolicy"},
		{"aws:apigatewayv2/domainName:DomainName", object{"domainNameConfiguration": object{"securityPolicy": "TLS_1_2"}}, ""},
		{"aws:apigatewayv2/domainName:DomainName", object{"domainNameConfiguration": object{"securityPolicy": "TLS_1_0"}}, "TLS_1_2"},
		{"aws:apigateway/domainName:DomainName", object{"securityPolicy": "TLS_1_2"}, ""},
		{"aws:apigateway/domainName:DomainName", object{"securityPolicy": "TLS_1_0"}, "TLS_1_2"},
		{"aws:apigatewayv2/integration:Integration", object{"integrationUri": "https://model.example"}, ""},
		{"aws:apigatewayv2/integration:Integration", object{"integrationUri": "http://model.example"}, "https"},
		{"aws:sns/topicSubscription:TopicSubscription", object{"protocol": "email"}, ""},
		{"aws:sns/topicSubscription:TopicSubscription", object{"protocol": "http"}, "protocol must not be http"},
	},
	"log-retention": {
		{"aws:cloudwatch/logGroup:LogGroup", object{"retentionInDays": 30}, ""},
		{"aws:cloudwatch/logGroup:LogGroup", object{"retentionInDays": 0}, "retentionInDays"},
		{"aws:cloudwatch/logGroup:LogGroup", object{"name": "forever"}, "retentionInDays"},
		{"aws:apigatewayv2/stage:Stage", object{"accessLogSettings": object{"destinationArn": "arn:aws:logs:…"}}, ""},
		{"aws:apigatewayv2/stage:Stage", object{"autoDeploy": true}, "accessLogSettings"},
		{"aws:ec2/flowLog:FlowLog", object{"trafficType": "ALL"}, ""},
		{"aws:ec2/flowLog:FlowLog", object{"trafficType": "REJECT"}, "trafficType"},
	},
	"tags": {
		{"pulumi:providers:aws", object{"defaultTags": object{"tags": object{"project": "p", "stack": "s", "managed-by": "pulumi"}}}, ""},
		{"pulumi:providers:aws", object{"defaultTags": `{"tags":{"project":"p","stack":"s","managed-by":"pulumi"}}`}, ""},
		{"pulumi:providers:aws", object{"defaultTags": object{"tags": object{"project": "p", "stack": "", "managed-by": "pulumi"}}}, `"stack"`},
		{"pulumi:providers:aws", object{"defaultTags": `{"tags":{"project":"p","managed-by":"pulumi"}}`}, `"stack"`},
	},
	"authorizer": {
		{"aws:apigatewayv2/route:Route", object{"routeKey": "GET /", "authorizationType": "CUSTOM", "authorizerId": "abc"}, ""},
		{"aws:apigatewayv2/route:Route", object{"routeKey": "GET /", "authorizationType": "NONE"}, `route "GET /"`},
		{"aws:apigatewayv2/route:Route", object{"routeKey": "GET /", "authorizationType": "CUSTOM"}, "authorizerId"},
		{"aws:apigatewayv2/authorizer:Authorizer", object{"authorizerType": "REQUEST", "identitySources": list{"$request.header.x-origin-key"}}, ""},
		{"aws:apigatewayv2/authorizer:Authorizer", object{"authorizerType": "JWT", "identitySources": list{"$request.header.x-origin-key"}}, "REQUEST"},
		{"aws:apigatewayv2/authorizer:Authorizer", object{"authorizerType": "REQUEST"}, "identitySources"},
		{restAPI, restBody(operations(`"post": {"security": [{"origin-key": []}]}`), originKey), ""},
		{restAPI, restBody(operations(`"x-amazon-apigateway-any-method": {"security": [{"origin-key": []}]}, "parameters": []`), originKey), ""},
		{restAPI, object{"body": fmt.Sprintf(`{"swagger": "2.0", %s, "securityDefinitions": {%s}}`, operations(`"post": {"security": [{"origin-key": []}]}`), originKey)}, ""},
		{restAPI, object{"name": "with methods of its own"}, ""},
		{restAPI, restBody(operations(`"post": {}`), originKey), `operation post of "/api/chat/{proxy+}": it must have a security of its own`},
		{restAPI, restBody(operations(`"x-amazon-apigateway-any-method": {}`), originKey), "operation x-amazon-apigateway-any-method"},
		{restAPI, restBody(operations(`"post": {}`)+`, "security": [{"origin-key": []}]`, originKey), "a security of its own"},
		{restAPI, restBody(operations(`"post": {"security": []}`), originKey), "a security of its own"},
		{restAPI, restBody(operations(`"post": {"security": [{}]}`), originKey), "a security of its own"},
		{restAPI, restBody(operations(`"post": {"Security": [{"origin-key": []}]}`), originKey), "a security of its own"},
		{restAPI, restBody(operations(`"post": {"security": [{"origin-key": []}, {}]}`), originKey), "a security of its own"},
		{restAPI, restBody(operations(`"post": {"security": [{"origin-key": [], "another": []}]}`), originKey), "a security of its own"},
		{restAPI, restBody(operations(`"$ref": "#/components/pathItems/chat"`), originKey), "operation $ref"},
		{restAPI, restBody(operations(`"get": {"security": [{"origin-key": []}]}, "post": {"security": [{"another": []}]}`), originKey), `names "another", which is no scheme`},
		{restAPI, restBody(operations(`"post": {"security": [{"api_key": []}]}`), `"api_key": {"type": "apiKey", "in": "header", "name": "x-api-key"}`), `scheme "api_key" must be of authtype custom`},
		{restAPI, restBody(operations(`"post": {"security": [{"iam": []}]}`), `"iam": {"x-amazon-apigateway-authtype": "awsSigv4"}`), "authtype custom"},
		{restAPI, restBody(operations(`"post": {"security": [{"origin-key": []}]}`), scheme("token", "method.request.header.x-origin-key")), "type request"},
		{restAPI, restBody(operations(`"post": {"security": [{"origin-key": []}]}`), scheme("request", "")), "the origin header alone"},
		{restAPI, restBody(operations(`"post": {"security": [{"origin-key": []}]}`), scheme("request", "context.identity.sourceIp")), "the origin header alone"},
		{restAPI, restBody(operations(`"post": {"security": [{"origin-key": []}]}`), scheme("request", "method.request.header.x-origin-key, method.request.header.other")), "the origin header alone"},
		{restAPI, restBody(`"paths": {"/api/chat": []}`, originKey), `path "/api/chat" can't be checked`},
		{restAPI, object{"body": "openapi: 3.0.1"}, "can't be checked"},
		{restAPI, object{"body": `{"openapi": "3.0.1", "paths": {"/": []}, "paths`}, "can't be checked"},
		{"aws:apigateway/method:Method", object{"httpMethod": "POST", "authorization": "CUSTOM", "authorizerId": "abc"}, ""},
		{"aws:apigateway/method:Method", object{"httpMethod": "POST", "authorization": "NONE"}, "method POST: authorization must be CUSTOM"},
		{"aws:apigateway/method:Method", object{"httpMethod": "POST", "authorization": "CUSTOM"}, "authorizerId"},
		{"aws:apigateway/authorizer:Authorizer", object{"type": "REQUEST", "identitySource": "method.request.header.x-origin-key"}, ""},
		{"aws:apigateway/authorizer:Authorizer", object{"type": "TOKEN", "identitySource": "method.request.header.x-origin-key"}, "REQUEST"},
		{"aws:apigateway/authorizer:Authorizer", object{"type": "REQUEST", "identitySource": "method.request.querystring.key"}, "the origin header alone"},
		{"aws:apigateway/integration:Integration", object{"type": "AWS_PROXY"}, "resets the mode"},
	},
	"streaming": {
		{restAPI, regional(nil), ""},
		{restAPI, object{"endpointConfiguration": object{"types": list{"REGIONAL"}}}, ""},
		{restAPI, object{"endpointConfiguration": object{"types": "EDGE"}}, "must be REGIONAL"},
		{restAPI, object{"endpointConfiguration": object{"types": list{"REGIONAL", "PRIVATE"}}}, "must be REGIONAL"},
		{restAPI, object{"name": "edge-optimized, which is the default"}, "must be REGIONAL"},
		{restAPI, regional(object{"body": `{"openapi": "3.0.1", "paths": {}}`}), ""},
		{restAPI, regional(object{"minimumCompressionSize": "0"}), "minimumCompressionSize must not be set"},
		{restAPI, regional(object{"minimumCompressionSize": 1024}), "minimumCompressionSize must not be set"},
		{restAPI, regional(object{"body": `{"openapi": "3.0.1", "x-amazon-apigateway-minimum-compression-size": 0}`}), "must not be in the body"},
		{distribution, behaviors(object{"targetOriginId": "stream"}), ""},
		{distribution, behaviors(object{"targetOriginId": "stream", "compress": false}), ""},
		{distribution, behaviors(object{"targetOriginId": "api", "compress": true}), ""},
		{distribution, behaviors(object{"targetOriginId": "stream", "compress": true}), "compress of a behavior of the origin stream"},
		{distribution, object{"defaultCacheBehavior": object{"targetOriginId": "stream", "compress": true}}, "compress of a behavior of the origin stream"},
	},
	"clients": {
		{table, object{"pointInTimeRecovery": object{"enabled": true}}, ""},
		{table, object{"pointInTimeRecovery": object{"enabled": true}, "serverSideEncryption": object{"enabled": true, "kmsKeyArn": "arn:aws:kms:…"}}, ""},
		{table, object{"pointInTimeRecovery": object{"enabled": true}, "serverSideEncryption": object{"enabled": false}}, ""},
		{table, object{"pointInTimeRecovery": object{"enabled": true}, "serverSideEncryption": object{"enabled": false, "kmsKeyArn": "arn:aws:kms:…"}}, "serverSideEncryption must be enabled"},
		{table, object{"pointInTimeRecovery": object{"enabled": false}}, "pointInTimeRecovery must be enabled"},
		{table, object{"name": "without"}, "pointInTimeRecovery must be enabled"},
	},
	"key-secret": {
		{distribution, header(secret{"hush"}), ""},
		{distribution, header(unknown), ""},
		{distribution, header("hush"), "the value of the header x-origin-key must be a secret"},
		{distribution, object{"origins": secret{list{object{"customHeaders": list{object{"name": "x-origin-key", "value": "hush"}}}}}}, ""},
		{"aws:ssm/parameter:Parameter", object{"value": secret{"hush"}}, ""},
		{"aws:ssm/parameter:Parameter", object{"value": "hush"}, "value must be a secret"},
		{"kubernetes:core/v1:Secret", object{"data": object{"tls.key": secret{"hush"}}}, ""},
		{"kubernetes:core/v1:Secret", object{"stringData": secret{object{"tls.key": "hush"}}}, ""},
		{"kubernetes:core/v1:Secret", object{"data": object{"tls.key": "hush"}}, "tls.key of data must be a secret"},
		{"pulumi:providers:kubernetes", object{"kubeconfig": "hush"}, "kubeconfig must be a secret"},
		{"pulumi:providers:vault", object{"token": secret{"hush"}}, ""},
		{"aws:lambda/function:Function", object{"environment": object{"variables": object{"API_TOKEN": "hush"}}}, "environment.variables.API_TOKEN must be a secret"},
		{"aws:lambda/function:Function", object{"environment": object{"variables": object{"KEY_PATH": "/ring"}}}, ""},
		{"aws:rds/instance:Instance", object{"users": list{object{"password": "hush"}}}, "users.0.password must be a secret"},
	},
}

const (
	bucketEncryption = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	bucketBlock      = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	bucketPolicy     = "aws:s3/bucketPolicy:BucketPolicy"
	distribution     = "aws:cloudfront/distribution:Distribution"
	table            = "aws:dynamodb/table:Table"
)

func policy(statement string) object {
	return object{"policy": fmt.Sprintf(`{"Version": "2012-10-17", "Statement": %s}`, statement)}
}

func trust(condition string) object {
	return object{"assumeRolePolicy": fmt.Sprintf(`{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
		"Principal": {"Federated": "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com"}, "Condition": %s}]}`, condition)}
}

func viewers(protocolPolicy string) object {
	return object{
		"defaultCacheBehavior":  object{"viewerProtocolPolicy": "redirect-to-https"},
		"orderedCacheBehaviors": list{object{"viewerProtocolPolicy": protocolPolicy}},
		"viewerCertificate":     object{"cloudfrontDefaultCertificate": true},
	}
}

func origin(custom object) object {
	all := viewers("https-only")
	all["origins"] = list{object{"originId": "api", "customOriginConfig": custom}}
	return all
}

func header(value any) object {
	return object{"origins": list{object{"originId": "api", "customHeaders": list{object{"name": "x-origin-key", "value": value}}}}}
}

// originKey is the scheme of the authorizer in a REST API's body.
var originKey = scheme("request", "method.request.header.x-origin-key")

func scheme(typ, identitySource string) string {
	return fmt.Sprintf(`"origin-key": {"type": "apiKey", "in": "header", "name": "x-origin-key", "x-amazon-apigateway-authtype": "custom",
		"x-amazon-apigateway-authorizer": {"type": %q, "identitySource": %q}}`, typ, identitySource)
}

// operations are the paths of a body with one path that has these operations.
func operations(all string) string { return fmt.Sprintf(`"paths": {"/api/chat/{proxy+}": {%s}}`, all) }

func restBody(members, scheme string) object {
	return object{"body": fmt.Sprintf(`{"openapi": "3.0.1", %s, "components": {"securitySchemes": {%s}}}`, members, scheme)}
}

func bodyPolicy(statement string) object {
	return object{"body": fmt.Sprintf(`{"openapi": "3.0.1", "x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": %s}}`, statement)}
}

func regional(others object) object {
	all := object{"endpointConfiguration": object{"types": "REGIONAL"}}
	for input, value := range others {
		all[input] = value
	}
	return all
}

func behaviors(ordered object) object {
	return object{"defaultCacheBehavior": object{"targetOriginId": "api"}, "orderedCacheBehaviors": list{ordered}}
}
