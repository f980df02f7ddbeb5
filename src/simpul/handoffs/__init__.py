"""Somebody asks by SMS or WhatsApp to be called: the number and an hour, and never the story."""
