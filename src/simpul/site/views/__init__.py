"""Home pages, error pages, health."""
