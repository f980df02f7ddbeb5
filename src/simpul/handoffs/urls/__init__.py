"""The addresses of both doors."""
