"""Several observatories, one answer: estimates or likelihood profiles pooled."""

from studylib.risk.pooling.meta_analysis import heterogeneity, meta_analysis
from studylib.risk.pooling.profiles import Profile, pooled_profiles
from studylib.risk.pooling.schemas import HETEROGENEITY

__all__ = ["HETEROGENEITY", "Profile", "heterogeneity", "meta_analysis", "pooled_profiles"]
