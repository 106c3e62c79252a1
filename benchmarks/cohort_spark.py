"""The trial cohort through the library, on Spark in this process."""

import os
import runpy

os.environ["BENCHMARK_ENGINE"] = "spark"
runpy.run_module("benchmarks.cohort_studylib", run_name="__main__")
