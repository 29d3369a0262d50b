"""Real maps under the cameras: files that forces have, read into the one table that tiles are cut from.

schemes     which features of which kind of file are drawn, and as what     pure
shapes      land out of coastlines, streets out of their pieces, sizes       pure
reading     files, by GDAL
storing     into the database, in place of the map that was there
"""
