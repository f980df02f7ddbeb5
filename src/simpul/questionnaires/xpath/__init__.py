"""Expressions of ODK XForms: read into a tree, checked, and made into closures; never `eval`."""
