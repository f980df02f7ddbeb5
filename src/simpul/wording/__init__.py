"""The texts of the public door: as shipped, as edited, and read aloud. See docs/domains/wording.md."""
