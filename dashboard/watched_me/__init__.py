"""The officer's page: who watched my camera."""
