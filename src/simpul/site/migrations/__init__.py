"""Migrations of site."""
