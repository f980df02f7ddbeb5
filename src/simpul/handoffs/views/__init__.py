"""The pages of both doors."""
