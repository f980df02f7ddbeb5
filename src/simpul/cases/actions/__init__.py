"""Everything that can happen to a case; one file per noun."""
