"""What `mmavk_cli` hands on to Python: a tagger and its results (docs/api.md)."""

from mmavk_cli.base.errors import DataError, KnowledgeError, MemoryShortError, MissingError, MmavkError, UsageError
from mmavk_cli.base.records import Entity, Knowledge, Problem
from mmavk_cli.flows.tag.result import Result
from mmavk_cli.flows.tag.tagger import Tagger

__all__ = [
    "DataError",
    "Entity",
    "Knowledge",
    "KnowledgeError",
    "MemoryShortError",
    "MissingError",
    "MmavkError",
    "Problem",
    "Result",
    "Tagger",
    "UsageError",
]
