"""The questionnaires room."""
