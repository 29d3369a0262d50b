"""How much the gateway takes, against what the database alone could take."""
