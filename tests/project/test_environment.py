"""The lock, pyproject.toml and environment.yml say the same thing."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PINNED = {
    canonicalize_name(name): Version(version)
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", LOCK, flags=re.M)
}
# Extras that only some sites need, and that take minutes to build (spark) or a server (oracle).
APART = {"spark", "oracle"}
EXTRAS = PROJECT["optional-dependencies"]
DECLARED = [
    *PROJECT["dependencies"],
    *(line for name, lines in EXTRAS.items() if name not in APART for line in lines),
]


@pytest.mark.parametrize("line", DECLARED)
def test_each_dependency_is_locked_within_its_bounds(line):
    wanted = Requirement(line)
    assert PINNED[canonicalize_name(wanted.name)] in wanted.specifier


def test_every_locked_package_has_a_hash():
    blocks = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.M)[1:]
    assert len(blocks) == len(PINNED)
    assert all("--hash=sha256:" in block for block in blocks)


def test_the_lock_holds_no_index_address():
    for word in ("--index-url", "--extra-index-url", "--find-links", "://", "@ file"):
        assert word not in LOCK


def test_conda_users_get_the_same_lock_and_a_supported_python():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    pip = next(part["pip"] for part in environment["dependencies"] if isinstance(part, dict))
    assert pip == ["--require-hashes", "-r requirements.lock"]
    python = next(d for d in environment["dependencies"] if str(d).startswith("python="))
    bounds = Requirement(f"python{PROJECT['requires-python']}").specifier
    assert Version(python.removeprefix("python=") + ".0") in bounds


def test_pandas_stays_below_three_for_lifelines():
    assert PINNED["pandas"] < Version("3")
