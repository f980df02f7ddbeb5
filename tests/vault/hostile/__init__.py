"""Files that tell too much or mean harm, made by code so that none lies in the repository."""
