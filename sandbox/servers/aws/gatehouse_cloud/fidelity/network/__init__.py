"""EC2: VPCs and what is in them. Elastic Load Balancing: target groups and targets."""
