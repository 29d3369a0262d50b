"""Cameras are tested against a real relay."""

from tests.ingest.media.conftest import bench, bench_factory

__all__ = ["bench", "bench_factory"]
