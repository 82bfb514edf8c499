"""A small, durable model registry, flag store and model server for the demo and the tests."""

from bot.plant.faults import Fault
from bot.plant.seed import seed_story
from bot.plant.server import Plant
from bot.plant.state import PlantState

__all__ = ["Fault", "Plant", "PlantState", "seed_story"]
