"""Where the packages are; everything else about the project is in pyproject.toml.

In the repository they are top-level folders. Installed they live under `sightline.`, so that
nothing called `sql` lands among everybody's packages.
"""

from setuptools import find_namespace_packages, setup

TOP = ("sql", "ingest", "dashboard")
WEB = ("html", "css", "js", "mjs", "json", "svg", "png", "woff2")

setup(
    packages=[
        f"sightline.{package}"
        for top in TOP
        for package in (
            top,
            *(
                f"{top}.{below}"
                for below in find_namespace_packages(top, exclude=["*__pycache__*"])
            ),
        )
    ],
    package_dir={f"sightline.{top}": top for top in TOP},
    package_data={
        "": ["py.typed"],
        "sightline.sql": ["*.sql", "migrations/*.sql", "queries/*.sql"],
        "sightline.ingest": ["**/*.json", "**/*.ini"],
        "sightline.dashboard": [f"**/*.{suffix}" for suffix in WEB],
    },
)
