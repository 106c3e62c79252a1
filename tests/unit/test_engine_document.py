"""docs/spark.md cannot lie: its sources are sources, its settings are settings."""

import re
from pathlib import Path

import pytest
import yaml

from studylib import project
from studylib.sources import EngineSettings, site
from studylib.sources.engine import spark_session

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "spark.md").read_text(encoding="utf-8")
SOURCES = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.S)


@pytest.mark.parametrize("text", SOURCES)
def test_sources_shown_are_sources(text, tmp_path, monkeypatch):
    (tmp_path / site.FILE).write_text(text, encoding="utf-8")
    monkeypatch.setenv(project.ROOT_VARIABLE, str(tmp_path))
    ((name, written),) = yaml.safe_load(text).items()
    choice = site.declared()[name].engine
    assert choice is not None
    settings = choice.settings()
    given = written["engine"]
    assert (settings.kind, settings.master) == ("spark", given["master"])
    assert str(settings.temp_folder) == given["temp_folder"]
    asked = spark_session.configuration(settings)
    assert asked["spark.executor.memory"] == f"{given['memory_gb'] * 1024}m"
    assert given.get("conf", {}).items() <= asked.items()


def test_every_setting_of_the_table_exists():
    listed = re.findall(r"^\| `(\w+)` \|", TEXT, flags=re.M)
    assert set(listed) == {"master", "memory_gb", "threads", "temp_folder", "conf"}
    assert set(listed) <= set(EngineSettings.__dataclass_fields__)


def test_what_is_said_of_the_session_is_set():
    asked = spark_session.configuration(EngineSettings(kind="spark", memory_gb=2))
    assert asked["spark.sql.session.timeZone"] == "UTC"
    assert asked["spark.sql.ansi.enabled"] == "true"
    assert asked["spark.driver.memory"] == "2048m", "without a cluster the driver computes"
    assert f"`{spark_session.WAIT}`" in TEXT
    assert spark_session.WAIT_SECONDS == 300


def test_the_commands_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^spark-test:", makefile, flags=re.M)
    assert re.search(r"^spark = \[", (ROOT / "pyproject.toml").read_text(), flags=re.M)
