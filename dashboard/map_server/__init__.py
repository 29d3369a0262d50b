"""A force's own tile server under the cameras, in place of the map that was imported.

settings   where it is and what it gives                                     pure
redrawing  vector tiles of a known scheme, as tiles of the basemap's own     pure
client     asks it; browsers only ever speak to the dashboard
"""
