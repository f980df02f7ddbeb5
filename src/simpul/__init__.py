"""Simpul: the system a protection network runs on."""
