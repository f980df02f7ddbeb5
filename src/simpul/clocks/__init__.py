"""The clocks room."""
