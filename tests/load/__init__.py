"""Measures what is promised about weight, speed, memory and crowds; pytest does not run it."""
