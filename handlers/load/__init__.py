"""From bill lines to a committed period: classify, attribute, convert, verify, replace."""
