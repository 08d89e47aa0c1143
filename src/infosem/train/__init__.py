"""Training of the model: initial effects, schedules and costs."""

from infosem.train._schedules import SCHEDULES
from infosem.train._start import ClosedForm, EqualEffects

__all__ = ["SCHEDULES", "ClosedForm", "EqualEffects"]
