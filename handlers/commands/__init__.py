"""The commands of the door, one module each."""
