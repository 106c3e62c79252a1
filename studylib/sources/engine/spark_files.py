"""Files as Spark's workers see them: local, mounted, HDFS or object storage alike."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from studylib.errors import StudyError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_PROBED = 16  # rows, each in a file of its own, spread over the workers


class Folder:
    """A folder that the driver and every worker reach; its files are handled through Hadoop."""

    def __init__(self, session: SparkSession, location: str) -> None:
        self._session = session
        self.location = location.rstrip("/")
        path = self._path()
        self._system: Any = path.getFileSystem(self._hadoop())

    def make(self) -> None:
        """Creates the folder, readable by its owner alone where the file system knows of that."""
        self._system.mkdirs(self._path())

    def remove(self, name: str = "") -> None:
        """Removes what is called ``name`` in the folder, or the folder itself."""
        self._system.delete(self._path(name), True)

    def data_files(self, name: str) -> list[str]:
        """The Parquet files written under ``name``."""
        listed = self._system.listStatus(self._path(name))
        names = [str(status.getPath().getName()) for status in listed]
        return sorted(found for found in names if found.startswith("part-"))

    def write(self, frame: DataFrame, name: str) -> str:
        """``frame`` as Parquet files under ``name``, whole or not at all; where they are."""
        target = f"{self.location}/{name}"
        try:
            frame.write.parquet(target, mode="error")
            if not self.data_files(name):
                raise not_shared(self.location)
        except BaseException:
            self.remove(name)
            raise
        return target

    def probe(self) -> None:
        """StudyError when a worker writes into a folder of that name on a disk of its own.

        Spark would then lose that worker's rows without a word.
        """
        rows = self._session.range(0, _PROBED, 1, numPartitions=_PROBED)
        name = f"probe-{uuid.uuid4().hex[:8]}"
        try:
            written = self.write(rows, name)
            read = self._session.read.schema(rows.schema).parquet(written).count()
        finally:
            self.remove(name)
        if read != _PROBED:
            raise not_shared(self.location)

    def _path(self, name: str = "") -> Any:
        location = f"{self.location}/{name}" if name else self.location
        return self._jvm().org.apache.hadoop.fs.Path(location)

    def _hadoop(self) -> Any:
        return self._session.sparkContext._jsc.hadoopConfiguration()

    def _jvm(self) -> Any:
        return self._session.sparkContext._jvm


def not_shared(location: str) -> StudyError:
    """The folder is not one same place for all machines of the cluster."""
    return StudyError(
        f"Moteur Spark : {location} n'est pas un même dossier pour toutes les machines du cluster "
        "; désigner par temp_folder ou STUDYLIB_TEMP un stockage partagé (NFS, HDFS, S3)."
    )
