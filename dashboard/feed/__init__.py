"""The live feed: snapshot and deltas of every camera to browsers, encoded once for all who see the same.

frames    what is sent, encoded                      pure
channel   one visibility class: log and frames       pure
viewer    one open feed: a cursor into a channel
hub       live state, channels, the beat
source    keeps the hub as the database has it
socket    the route
"""

from sightline.dashboard.feed.feed import Feed

__all__ = ["Feed"]
