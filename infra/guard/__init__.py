"""What a change to an environment would do, told to its reviewer, and what it must not do."""
