"""The database: schema, migrations, named queries, roles, the private cluster.

Everything that speaks SQL does so through the named queries of this package::

    await connection.fetch(query("live.changed_since"), gateway_id, batch)

Imports run one way, ``sql`` ← ``ingest`` ← ``dashboard``.
"""

from sightline.sql.connect import AWAY, connect, open_pool
from sightline.sql.named import query

__all__ = ["AWAY", "connect", "open_pool", "query"]
