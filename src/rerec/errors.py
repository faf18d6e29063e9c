"""Every error that ReRec raises on purpose.

ReRecError
├── SettingsError   a setting is unknown, missing or out of range
├── DataError       a catalogue, interaction, query or run file breaks its promise
├── SourceError     a source (wheel, folder) is missing, unreachable or not what was pinned
└── ModelError      a checkpoint, adapter, tokenizer or chat template cannot be used

The command prints one of these as a single line and exits with 2. Anything else is a bug and
keeps its traceback. A bad completion is neither: it is data, and scores 0.
"""


class ReRecError(Exception):
    """The root: one clear sentence that says what was found, where, and what to do."""


class SettingsError(ReRecError):
    """A setting is unknown, missing or out of range."""


class DataError(ReRecError):
    """A file of a domain or of a run breaks its promise."""


class SourceError(ReRecError):
    """A source is missing, unreachable or not the one that was pinned."""


class ModelError(ReRecError):
    """A checkpoint, adapter, tokenizer or chat template cannot be used."""
