"""Tags of the receiving desk."""
