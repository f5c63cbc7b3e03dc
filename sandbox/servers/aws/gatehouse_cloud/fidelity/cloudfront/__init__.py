"""CloudFront: distributions, edge locations, functions at the edge, connections to origins."""
