"""CloudFront: distributions, edges, functions at the edge, connections to origins."""
