"""Opening a Spark session, on a cluster or on this machine, with what the engine relies on."""

from __future__ import annotations

import importlib.util
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

from studylib.errors import StudyError
from studylib.sources.engine.settings import EngineSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# What the engine's results rest on: days must not move with a time zone, arithmetic must fail
# rather than wrap, and whole tables come back through Arrow with their types.
_FIXED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}

# What a site may change through ``conf``.
_USUAL = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.adaptive.enabled": "true",
}

WAIT = "spark.studylib.waitSeconds"
WAIT_SECONDS = 300

_opened: dict[int, int] = {}  # engines by Spark context: the last one to stop stops it


def missing() -> str | None:
    """Why Spark cannot run here, in a sentence; None when it can."""
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark n'est pas installé ; l'installer par pip install 'studylib[spark]'."
    home = os.environ.get("JAVA_HOME")
    if not (home and os.path.exists(os.path.join(home, "bin", "java"))) and not shutil.which(
        "java"
    ):
        return "Java (17 ou plus récent) est introuvable ; l'installer, ou renseigner JAVA_HOME."
    return None


def configuration(settings: EngineSettings) -> dict[str, str]:
    """Every Spark setting of a session: the usual ones, the site's, then those that are fixed."""
    asked = dict(_USUAL)
    if settings.memory_gb:
        asked["spark.executor.memory"] = f"{int(settings.memory_gb * 1024)}m"
        if _is_local(settings):  # the executor is then the driver itself
            asked["spark.driver.memory"] = asked["spark.executor.memory"]
    if settings.threads and not _is_local(settings):
        asked["spark.cores.max"] = str(settings.threads)
    contrary = sorted(
        key
        for key, value in _FIXED.items()
        if settings.conf.get(key, value).lower() != value.lower()
    )
    if contrary:
        raise StudyError(
            f"Moteur spark, conf : {', '.join(contrary)} ne peut être changé, les résultats en "
            "dépendent ; retirer cette ligne."
        )
    return asked | dict(settings.conf) | _FIXED


def open_session(settings: EngineSettings) -> SparkSession:
    """A session of its own on the cluster named, or on this machine when none is.

    StudyError when Spark is not installed, the cluster does not answer, or this process already
    talks to another one.
    """
    why = missing()
    if why:
        raise StudyError(f"Moteur Spark : {why}")
    from pyspark.sql import SparkSession

    master = master_of(settings)
    _forget_stopped()
    running = SparkSession.getActiveSession()
    if running is not None and running.sparkContext.master != master:
        raise StudyError(
            f"Moteur Spark : ce programme travaille déjà avec {running.sparkContext.master} et ne "
            f"peut s'adresser en même temps à {master} ; le fermer d'abord."
        )
    builder: Any = SparkSession.builder
    builder = builder.appName("studylib").master(master)
    chosen = configuration(settings)
    for key, value in chosen.items():
        builder = builder.config(key, value)
    try:
        session: SparkSession = builder.getOrCreate().newSession()
        for key, value in chosen.items():
            if session.conf.isModifiable(key):
                session.conf.set(key, value)
    except Exception as error:  # py4j and Spark raise many kinds, all with the same remedy
        _forget_stopped()
        raise StudyError(
            f"Moteur Spark : {master} ne répond pas ou refuse la session ; vérifier l'adresse, le "
            "réseau, les droits et la version de Spark du cluster."
        ) from error
    context = id(session.sparkContext)
    _opened[context] = _opened.get(context, 0) + 1
    return session


def _forget_stopped() -> None:
    """Lets go of a context whose cluster was lost or never came: Spark would offer it again."""
    from pyspark import SparkContext

    context: Any = SparkContext._active_spark_context
    if context is not None and (context._jsc is None or context._jsc.sc().isStopped()):
        context.stop()


def wait_for_executors(session: SparkSession, settings: EngineSettings) -> None:
    """Returns once an executor works for the session; StudyError when none comes.

    A cluster that has not the memory or the cores asked for says nothing: it keeps one waiting.
    ``spark.studylib.waitSeconds`` in ``conf`` is for clusters with a queue.
    """
    seconds = float(settings.conf.get(WAIT, WAIT_SECONDS))
    limit = time.monotonic() + seconds
    context: Any = session.sparkContext._jsc.sc()  # counts the driver among the executors
    while not _is_local(settings) and context.getExecutorMemoryStatus().size() < 2:
        if time.monotonic() > limit:
            raise StudyError(
                f"Moteur Spark : {master_of(settings)} n'a donné aucun exécuteur en {seconds:.0f} "
                "secondes ; demander moins de mémoire (memory_gb) ou attendre que le cluster soit "
                f"libre (conf, {WAIT})."
            )
        time.sleep(0.2)


def close_session(session: SparkSession) -> None:
    """Ends the session; the cluster's executors are let go with the last one of this process."""
    context = id(session.sparkContext)
    _opened[context] = _opened.get(context, 1) - 1
    if _opened[context] <= 0:
        _opened.pop(context)
        session.stop()


def master_of(settings: EngineSettings) -> str:
    """The cluster's address, or as many threads of this machine as were granted."""
    return settings.master or f"local[{settings.threads or '*'}]"


def _is_local(settings: EngineSettings) -> bool:
    return master_of(settings).startswith("local")
