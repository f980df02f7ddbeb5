"""Questionnaires: what they do is what ODK's own engines do."""
