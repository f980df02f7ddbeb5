"""The core room: the look of both doors, and what every room may use."""
