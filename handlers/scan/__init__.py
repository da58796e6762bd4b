"""Reading every line of a bill once, twice over: for its AI lines and for its grand total."""
