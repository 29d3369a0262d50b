"""The whole suite's two workers: what belongs together stays together, which nothing else would tell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from sightline.dashboard.cli.check import _WHOLE_SUITE
from tests.rules.repository import ROOT

PICTURES = ("tests/browser/test_one.py", "tests/system/test_two.py")
OTHERS = ("tests/dashboard/test_three.py", "tests/dashboard/test_four.py")


def test_pictures_are_all_in_one_worker_and_a_file_is_never_in_two(tmp_path: Path) -> None:
    for name in (*OTHERS, *PICTURES):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"def test_{n}(): pass\n" for n in range(8)))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-v", "-p", "tests.conftest", "-p", "no:dash",
         "--rootdir", tmp_path, *_WHOLE_SUITE, "tests"],
        cwd=tmp_path, env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    ran = re.findall(r"^\[(gw\d)\] \[ *\d+%\] PASSED (tests/[^:]+)::", done.stdout, re.MULTILINE)
    assert len(ran) == 8 * 4
    workers = defaultdict(set)
    for worker, path in ran:
        workers[path].add(worker)
    (pictures,) = set.union(*(workers[path] for path in PICTURES))
    assert [path for path in OTHERS if len(workers[path]) != 1] == []
    assert {pictures} < set.union(*workers.values()), "one worker had nothing to do"
