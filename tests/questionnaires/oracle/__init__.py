"""What two independent engines answer to several hundred forms, recorded, and the tables of differences.

JavaRosa is the engine of ODK Collect; xforms-engine is that of ODK Web Forms. Reading needs neither.
"""
