"""Tests of the handoffs room."""
