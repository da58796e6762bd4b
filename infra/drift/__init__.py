"""What stands in the clouds, compared with what an environment's program describes."""
