"""The wording room."""
