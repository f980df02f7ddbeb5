"""The pages on which texts are kept, and the readings that a survivor may hear."""
