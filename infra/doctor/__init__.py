"""Looks at a real environment, says what is wrong and how to mend it, and changes nothing."""
