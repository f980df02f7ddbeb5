"""The forms of both doors."""
