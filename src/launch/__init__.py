"""Everything around the product: installing, the database, the doors, the commands of ./simpul."""
