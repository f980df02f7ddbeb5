"""Migrations of clocks."""
