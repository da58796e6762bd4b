"""Small clients of the clouds' own APIs, for the commands that look at a real environment."""
