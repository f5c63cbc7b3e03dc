"""What tests need of the cloud and AWS doesn't have: fault injection and inspection, served under /_gatehouse/."""
