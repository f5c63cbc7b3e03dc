"""An authorizer as it is usually written: it reads the one value from Parameter
Store for each authorization, and compares with ==. It is for comparison with the
stack's authorizer, and not for use."""

import os

import boto3

client = boto3.client("ssm")


def handler(event, context):
    found = client.get_parameter(Name=os.environ["PARAMETER"], WithDecryption=True)
    presented = event["headers"].get(os.environ["HEADER"])
    return {"isAuthorized": presented == found["Parameter"]["Value"]}
