"""What several tests build on; imported as `support.<module>`."""
