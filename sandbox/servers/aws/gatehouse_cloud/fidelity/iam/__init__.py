"""IAM: the actions, resources and conditions on which AWS authorizes a request."""
