"""Commands that ./simpul runs."""
