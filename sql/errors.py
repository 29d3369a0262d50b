"""What can go wrong with the database, in the product's words.

DatabaseError
├── ClusterError          the private cluster cannot be made, started or stopped
├── MigrationError        the schema cannot be brought up to date
├── AuditFileError        a key or a head of the audit kept in a file cannot be read
└── AccountError          a user, camera or bridge cannot be made or changed
"""

from __future__ import annotations


class DatabaseError(Exception):
    """Base of all errors of this package; the text is a sentence for a person."""


class ClusterError(DatabaseError):
    """The private PostGIS cluster cannot be made, started or stopped."""


class MigrationError(DatabaseError):
    """The schema cannot be brought up to date."""


class AuditFileError(DatabaseError):
    """A key or a head of the audit that is kept in a file cannot be read."""


class AccountError(DatabaseError):
    """A user, camera or bridge cannot be made or changed as asked."""
