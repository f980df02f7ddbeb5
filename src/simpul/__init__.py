"""Simpul: the system a protection network runs on."""

VERSION = "0.1.0"
