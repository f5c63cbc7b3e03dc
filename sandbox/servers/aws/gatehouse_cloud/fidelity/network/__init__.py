"""EC2's networks, and Elastic Load Balancing."""
