"""What can go wrong with the database, in the product's words.

DatabaseError
├── ClusterError          the private cluster cannot be made, started or stopped
├── MigrationError        the schema cannot be brought up to date
└── AccountError          a user, camera or bridge cannot be made or changed
"""

from __future__ import annotations


class DatabaseError(Exception):
    """Base of all errors of this package; the text is a sentence for a person."""


class ClusterError(DatabaseError):
    """The private PostGIS cluster cannot be made, started or stopped."""


class MigrationError(DatabaseError):
    """The schema cannot be brought up to date."""


class AccountError(DatabaseError):
    """A user, camera or bridge cannot be made or changed as asked."""
